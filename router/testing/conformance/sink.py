"""The claims that every sink has to keep."""

import asyncio
from typing import ClassVar

import pytest

from router.api import Action, ConnectorError, Event, Guarantee, PositionedSink, RecordsRefusedError, SinkConnector
from router.testing.conformance.claim import broken, claim, ended, hold
from router.testing.conformance.connections import check_connected, check_declared, watched
from router.testing.conformance.declaration import DeclarationClaims
from router.testing.conformance.place import hides, validated
from router.testing.conformance.remains import check_nothing_new, remains
from router.testing.conformance.sink_target import Arrival, Delivery, SinkTarget, expect, opened

__all__ = ["Arrival", "SinkClaims", "SinkTarget"]

_LARGEST = 5_000
"""A batch of the largest size is tried up to so many events."""
_REFUSES = (Action.DEAD_LETTER, Action.RETRY_THEN_DEAD_LETTER, Action.ACCEPT)
_MOMENTS = (0.0, 0.0005, 0.002, 0.008, 0.03)
"""Seconds after which a write is cancelled: before it has begun, in its middle, and after its end."""


class SinkClaims(DeclarationClaims):
    """What every sink claims. The author's class gives `connector`, and a fixture `target` that makes a SinkTarget."""

    connector: ClassVar[SinkConnector]

    @pytest.fixture
    def place(self, target: SinkTarget) -> SinkTarget:
        """The target, as the claims of all connectors know it."""
        return target

    @claim
    async def test_every_event_arrives(self, target: SinkTarget) -> None:
        """When write returns, every event has arrived, once and in order per key."""
        async with target:
            events = target.events()
            async with opened(self.connector, target, events) as delivery:
                await delivery.claim()
                await delivery.write(0, 10)
                await expect(target, events, 10, "as soon as write has returned")
                await delivery.write(10, 25, most=4)
            await expect(target, events, 25, "after two more writes")

    @claim
    async def test_largest_batch_is_taken(self, target: SinkTarget) -> None:
        """It takes as many events at once as it declares."""
        most = min(self.connector.max_batch_events, _LARGEST)
        async with target:
            events = target.events()
            async with opened(self.connector, target, events) as delivery:
                await delivery.claim()
                await delivery.sink.write(events.batch(0, most))
            await expect(target, events, most, f"after a batch of {most} events")

    @claim
    async def test_empty_batch_has_no_effect(self, target: SinkTarget) -> None:
        """A batch without events is taken, and nothing arrives."""
        async with target:
            events = target.events()
            async with opened(self.connector, target, events) as delivery:
                await delivery.claim()
                known = await delivery.sink.write(events.batch(0, 0))
                hold(known == 0, f"of no events it says that {known} were there already")
                await expect(target, events, 0, "after a batch without events")
                await delivery.write(0, 1)
            await expect(target, events, 1, "after a batch without events and one with an event")

    @claim
    async def test_any_event_is_taken_or_refused(self, target: SinkTarget) -> None:
        """Whatever an event holds, it is taken or refused by a reason, and the next one goes through."""
        async with target:
            events = target.events()
            async with opened(self.connector, target, events) as delivery:
                await delivery.claim()
                offset = 0
                for what, event in events.odd(0):
                    await _offer(delivery, event, offset, what)
                    offset += 1
                await delivery.write(offset, offset + 1)
            ids = {arrival.id for arrival in await target.arrived()}
            hold(f"event-{offset}" in ids, "after events at the limits, an ordinary one does not arrive")

    @claim
    async def test_connects_only_where_it_declares(self, target: SinkTarget) -> None:
        """It connects to nothing but what hosts() gives, each as `host:port` that a scope can grant."""
        async with target:
            config, events = validated(self.connector, target), target.events()
            hosts = self.connector.hosts(config)
            check_declared(hosts)
            with watched() as seen:
                async with opened(self.connector, target, events, config=config) as delivery:
                    await delivery.claim()
                    await delivery.write(0, 3)
                    seen.look()
            check_connected(seen, hosts)

    @claim
    async def test_leaves_nothing_behind(self, target: SinkTarget) -> None:
        """Closing it leaves no task, thread, socket or file open, even if it was never used."""
        async with target:
            events = target.events()
            async with opened(self.connector, target, events):
                pass  # what a library makes once for good is no remainder
            for first in (0, 3):
                before = remains()
                async with opened(self.connector, target, events) as delivery:
                    await delivery.claim()
                    await delivery.write(first, first + 3)
                await check_nothing_new(before)

    @claim
    async def test_target_that_is_away_is_waited_for(self, target: SinkTarget) -> None:
        """If the target is away it raises a ConnectorError that makes the runtime wait, without any secret."""
        async with target:
            events = target.events()
            try:
                away = validated(self.connector, target, target.away)
                async with opened(self.connector, target, events, config=away) as delivery:
                    await delivery.claim()
                    await delivery.write(0, 1)
            except ConnectorError as error:
                waits = error.action in (Action.RETRY, Action.PAUSE)
                hold(waits, f"it raises {error.reason}, upon which the runtime does not wait but: {error.action}")
                hold(hides(target, f"{error} {error.fix}"), f"the message of {error.reason} holds a secret")
            else:
                broken("it says that an event was accepted by a target that is away")

    @claim
    async def test_cancelled_write_can_be_repeated(self, target: SinkTarget) -> None:
        """A write that is cancelled ends at once, and what is written again then is all there."""
        async with target:
            events, done, size = target.events(), 0, min(self.connector.max_batch_events, 10)
            for moment in _MOMENTS:
                async with opened(self.connector, target, events) as delivery:
                    done = await delivery.claim() or done
                    writing = asyncio.create_task(delivery.sink.write(events.batch(done, done + size)))
                    await asyncio.sleep(moment)
                    await ended(writing, "write")
            async with opened(self.connector, target, events) as delivery:
                done = await delivery.claim() or 0
                await delivery.write(done, done + 2 * size)
            await self._check_repeated(target, done + 2 * size)

    async def _check_repeated(self, target: SinkTarget, count: int) -> None:
        """Exactly once: each once. At least once: each."""
        if self.connector.guarantee is Guarantee.EXACTLY_ONCE:
            await expect(target, target.events(), count, "after writes that were cancelled")
            return
        ids = {arrival.id for arrival in await target.arrived()}
        lost = [f"event-{number}" for number in range(count) if f"event-{number}" not in ids]
        hold(not lost, f"after writes that were cancelled, {', '.join(lost)} did not arrive")

    @claim
    async def test_guarantee_is_what_it_does(self, target: SinkTarget) -> None:
        """It keeps positions if it declares exactly once, and only then."""
        async with target, opened(self.connector, target, target.events()) as delivery:
            keeps = isinstance(delivery.sink, PositionedSink)
            declared = self.connector.guarantee
            if declared is Guarantee.EXACTLY_ONCE:
                hold(keeps, "it declares exactly once, but has no method `claim`: it keeps no position")
            else:
                hold(not keeps, f"it has a method `claim`, but declares {declared}")

    @claim
    async def test_writes_at_once_as_declared(self, target: SinkTarget) -> None:
        """As many calls of write as it declares can be under way at once."""
        async with target:
            config, events = validated(self.connector, target), target.events()
            calls = self.connector.max_in_flight(config)
            hold(calls >= 1, f"max_in_flight gives {calls}")
            async with opened(self.connector, target, events, config=config) as delivery:
                await delivery.claim()
                if calls > 1:
                    await asyncio.gather(*(delivery.write(number, number + 1) for number in range(calls)))
                else:
                    await delivery.write(0, 1)
            ids = sorted(arrival.id for arrival in await target.arrived())
            wanted = sorted(f"event-{number}" for number in range(calls))
            hold(
                ids == wanted, f"of {calls} events in {calls} calls at once, {len(set(ids))} arrived, {len(ids)} times"
            )


async def _offer(delivery: Delivery, event: Event, offset: int, what: str) -> None:
    """Write the event; if it is refused, do what the runtime does: go on without it."""
    refused: list[ConnectorError] = []
    try:
        await delivery.sink.write(delivery.events.alone(event, offset))
    except RecordsRefusedError as error:
        hold(set(error.refused) == {0}, f"of an event with {what} it refuses the indexes {list(error.refused)}")
        refused += error.refused.values()
    except ConnectorError as error:
        refused.append(error)
    except Exception as error:  # noqa: BLE001  any other error is what the claim is about
        broken(f"an event with {what} raises {type(error).__name__}, which stops the sink for good: {error}")
    for refusal in refused:
        settled = refusal.action in _REFUSES
        hold(settled, f"an event with {what} raises {refusal.reason}, upon which the runtime would {refusal.action}")
    if refused and isinstance(delivery.sink, PositionedSink):
        await delivery.sink.write(delivery.events.without(offset, offset + 1))
