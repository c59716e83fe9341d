"""The claims of a sink that declares exactly once: its position moves with its effects."""

import random
from typing import ClassVar

from router.api import (
    Batch,
    ConnectorError,
    ErrorClass,
    Guarantee,
    PositionedSink,
    RecordsRefusedError,
    SinkConnector,
    TopicPartition,
)
from router.testing.conformance.claim import broken, claim, hold
from router.testing.conformance.killed import Work, kill_at_work, whereabouts
from router.testing.conformance.place import NAME, validated
from router.testing.conformance.sink import SinkClaims
from router.testing.conformance.sink_target import Arrival, Delivery, SinkTarget, expect, opened

_KILLS = 5
_KILL_SECONDS = 0.15
_KILLED_EVENTS = 1_000
_KILLED_BATCH = 5

__all__ = ["Arrival", "ExactlyOnceClaims", "SinkTarget"]


class ExactlyOnceClaims(SinkClaims):
    """What a sink of the guarantee EXACTLY_ONCE claims beyond what every sink does."""

    connector: ClassVar[SinkConnector]

    @claim
    async def test_declares_exactly_once(self) -> None:
        """It declares exactly once."""
        declared = self.connector.guarantee
        hold(declared is Guarantee.EXACTLY_ONCE, f"it declares {declared}: let its test inherit AtLeastOnceClaims")

    @claim
    async def test_position_is_kept_with_its_effects(self, target: SinkTarget) -> None:
        """After a restart it goes on behind what has arrived."""
        async with target:
            events, written = target.events(), 0
            for following in (3, 7, 12):
                async with opened(self.connector, target, events) as delivery:
                    await _check_position(delivery, written or None)
                    await delivery.write(written, following)
                    written = following
            async with opened(self.connector, target, events) as delivery:
                await _check_position(delivery, written)
            await expect(target, events, written, "after three restarts")

    @claim
    async def test_replayed_batch_is_refused(self, target: SinkTarget) -> None:
        """A batch that is offered again, before or after a restart, has no effect and is refused as fenced."""
        async with target:
            events = target.events()
            async with opened(self.connector, target, events) as delivery:
                await delivery.claim()
                await delivery.write(0, 4)
                await _fenced(delivery, events.batch(0, 1), "a batch that it has written already")
            async with opened(self.connector, target, events) as delivery:
                await _check_position(delivery, 4)
                await _fenced(delivery, events.batch(0, 1), "a batch that it has written before a restart")
            async with opened(self.connector, target, events) as delivery:
                await _check_position(delivery, 4)
                await delivery.write(4, 6)
            await expect(target, events, 6, "after batches that were offered again")

    @claim
    async def test_gap_is_refused(self, target: SinkTarget) -> None:
        """A batch that begins behind its position has no effect and is refused as fenced."""
        async with target:
            events = target.events()
            async with opened(self.connector, target, events) as delivery:
                await delivery.claim()
                await delivery.write(0, 2)
                await _fenced(delivery, events.batch(5, 6), "a batch that leaves out offsets")
            async with opened(self.connector, target, events) as delivery:
                await _check_position(delivery, 2)
            await expect(target, events, 2, "after a batch that left out offsets")

    @claim
    async def test_stale_owner_is_refused(self, target: SinkTarget) -> None:
        """Once another has claimed the partition, the previous owner's writes have no effect and are refused."""
        async with target:
            events = target.events()
            async with opened(self.connector, target, events) as old:
                await old.claim()
                await old.write(0, 3)
                async with opened(self.connector, target, events) as new:
                    await _check_position(new, 3)
                    await _fenced(old, events.batch(3, 4), "the previous owner's write")
                    await _fenced(old, events.batch(3, 3), "the previous owner's write of no events")
                    await new.write(3, 6)
                    await _fenced(old, events.batch(6, 7), "the previous owner's later write")
                    await new.write(6, 8)
            await expect(target, events, 8, "after a change of owner")

    @claim
    async def test_killed_at_work_neither_loses_nor_doubles(self, target: SinkTarget) -> None:
        """A process that is killed in the middle of its writes leaves nothing undone behind its position."""
        chance = random.Random(1)  # noqa: S311  a test's randomness, to be repeated
        async with target:
            events = target.events()
            some = [events.event(number) for number in range(_KILLED_EVENTS)]
            batch_events = min(_KILLED_BATCH, self.connector.max_batch_events)
            config = validated(self.connector, target)
            where = whereabouts(self.connector)
            work = Work(*where, config, events.partition, events.schema, some, batch_events)
            for _ in range(_KILLS):
                await kill_at_work(work, chance.uniform(0.0, _KILL_SECONDS))
            async with opened(self.connector, target, events) as delivery:
                position = await delivery.claim() or 0
                hold(position <= _KILLED_EVENTS, f"its position is {position}, behind everything that it was given")
                await delivery.write(position, _KILLED_EVENTS)
            await expect(target, events, _KILLED_EVENTS, f"after a process was killed {_KILLS} times")

    @claim
    async def test_unclaimed_partition_is_refused(self, target: SinkTarget) -> None:
        """A write to a partition that it has not claimed has no effect and is refused as fenced."""
        async with target:
            events = target.events()
            async with opened(self.connector, target, events) as delivery:
                await _fenced(delivery, events.batch(0, 1), "a write to a partition that it has not claimed")
            await expect(target, events, 0, "after a write without a claim")

    @claim
    async def test_empty_batch_moves_the_position(self, target: SinkTarget) -> None:
        """A batch without events moves the position over the offsets that it covers."""
        async with target:
            events = target.events()
            async with opened(self.connector, target, events) as delivery:
                await delivery.claim()
                await delivery.write(0, 1)
                await delivery.sink.write(events.without(1, 40))
            async with opened(self.connector, target, events) as delivery:
                await _check_position(delivery, 40)
            await expect(target, events, 1, "after a batch without events")

    @claim
    async def test_first_batch_is_taken_as_it_comes(self, target: SinkTarget) -> None:
        """Without a position yet, it takes the first batch wherever it begins."""
        async with target:
            events = target.events()
            async with opened(self.connector, target, events) as delivery:
                await _check_position(delivery, None)
                await delivery.sink.write(events.without(1_000_000_000_000, 1_000_000_000_007))
            async with opened(self.connector, target, events) as delivery:
                await _check_position(delivery, 1_000_000_000_007)

    @claim
    async def test_positions_do_not_mix(self, target: SinkTarget) -> None:
        """Each partition, each incarnation of a topic and each sink's name has a position of its own."""
        async with target:
            events = target.events()
            mine = events.partition
            async with opened(self.connector, target, events) as delivery:
                await delivery.claim()
                await delivery.write(0, 2)
            others = (
                TopicPartition(mine.cluster_id, mine.topic_id, mine.topic, 1),
                TopicPartition(mine.cluster_id, f"{mine.topic_id}-new", mine.topic, 0),
                TopicPartition("another-cluster", mine.topic_id, mine.topic, 0),
            )
            for other in others:
                async with opened(self.connector, target, target.events(other)) as delivery:
                    await _check_position(delivery, None)
            async with opened(self.connector, target, events, name=f"{NAME}-two") as delivery:
                await _check_position(delivery, None)

    @claim
    async def test_refused_batch_moves_nothing(self, target: SinkTarget) -> None:
        """Where it refuses an event, neither the batch's other events nor its position have gone ahead."""
        most = self.connector.max_batch_events
        async with target:
            events = target.events()
            for _, odd in events.odd(1):
                fresh = target.events()
                async with opened(self.connector, target, fresh) as delivery:
                    await delivery.claim()
                    pair = (fresh.event(0), odd)[:most]
                    batch = Batch(fresh.partition, pair, 0, len(pair), fresh.schema)
                    if not await _refused(delivery, batch):
                        continue
                async with opened(self.connector, target, fresh) as delivery:
                    await _check_position(delivery, None)


async def _check_position(delivery: Delivery, wanted: int | None) -> None:
    position = await delivery.claim()
    hold(position == wanted, f"its position is {position} where it should be {wanted}")


async def _refused(delivery: Delivery, batch: Batch) -> bool:
    try:
        await delivery.sink.write(batch)
    except (RecordsRefusedError, ConnectorError):
        return True
    return False


async def _fenced(delivery: Delivery, batch: Batch, what: str) -> None:
    """Break the claim unless the write is refused with a reason of class FENCED."""
    if not isinstance(delivery.sink, PositionedSink):
        broken("it keeps no position")
    try:
        await delivery.sink.write(batch)
    except ConnectorError as error:
        hold(error.error_class is ErrorClass.FENCED, f"{what} is refused by {error.reason}, which is not of FENCED")
    else:
        broken(f"{what} is taken, so that effects could be doubled")
