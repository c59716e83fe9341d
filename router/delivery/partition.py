"""One assigned partition: its lanes, its progress, and the position it goes on from."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from router.api import Action, ConnectorError, PositionedSink, Reason, Schema, Sink, TopicPartition
from router.delivery.backoff import Backoff
from router.delivery.claims import Finding, KeyClaims
from router.delivery.delivered_keys import Fingerprint
from router.delivery.flood import Flood
from router.delivery.key_lanes import KeyLanes
from router.delivery.lane import BatchLimits, Lane, Lanes, Waiting
from router.delivery.observer import DeliveryObserver
from router.delivery.progress import Progress
from router.delivery.reader import Reader
from router.delivery.stage import Stage
from router.delivery.writer import Item, Refuse, Writer, chunks
from router.kafka.consumer import Consumed, GroupConsumer, Place

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a partition takes at once. A record counts 1 event and the bytes of its value.

    in_flight: how many batches are written at once. ordered: whether a key's events wait for one another.
    """

    in_flight: int
    batch: BatchLimits
    ordered: bool
    buffered_events: int
    buffered_bytes: int


@dataclass(frozen=True, slots=True)
class Wiring:
    """What all partitions of a sink's agent share. failed is told of the error that ends a partition."""

    sink: Sink
    consumer: GroupConsumer
    refuse: Refuse
    backoff: Backoff
    limits: Limits
    observer: DeliveryObserver
    flood: Flood
    failed: Callable[[BaseException], None]


class PartitionWorker:
    """Delivers a partition. `offer` gives it records; `next_offset` says how far it is done."""

    def __init__(
        self,
        place: Place,
        partition: TopicPartition,
        reader: Reader,
        writer: Writer,
        keys: KeyClaims,
        wiring: Wiring,
    ) -> None:
        self._place = place
        self._partition = partition
        self._reader = reader
        self._writer = writer
        self._sink = wiring.sink
        self._consumer = wiring.consumer
        self._refuse = wiring.refuse
        self._backoff = wiring.backoff
        self._limits = wiring.limits
        self._observer = wiring.observer
        self._failed = wiring.failed
        self._flood = wiring.flood
        self._keys = keys
        self._progress = Progress()
        self._begin = self._position = 0
        self._lanes: Lanes | None = None
        self._events = 0
        self._bytes = 0
        self._ready = False
        self._throttled = False
        self._task: asyncio.Task[None] | None = None

    @property
    def next_offset(self) -> int | None:
        """Everything before it is delivered or dead-lettered; None before the first record is."""
        return self._progress.next_offset

    def start(self) -> None:
        """Claim the partition and begin, in a task of its own."""
        self._task = asyncio.create_task(self._run(), name=f"{self._partition}")

    async def stop(self, drain_seconds: float) -> None:
        """Let the writes that are under way finish for so long, then cancel them. Nothing new begins."""
        self._ready = False
        if self._lanes is not None:
            self._lanes.close()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=drain_seconds)
            self._task.cancel()
            await asyncio.wait([self._task])
        self._account(-self._events, -self._bytes)

    def offer(self, records: Sequence[Consumed]) -> None:
        """Take records in the order of their offsets."""
        if not self._ready or self._lanes is None:
            return  # it is being positioned: these were fetched before, and will be fetched again
        if records[0].offset < self._begin:
            # The position is the sink's word, which the consumer's does not undo.
            records = [record for record in records if record.offset >= self._begin]
        lanes = self._lanes
        for record in records:
            self._progress.begin(record.offset)
            lanes.put(record)
        self._account(len(records), sum(len(record.value or b"") for record in records))
        if self._is_full() and not self._throttled:
            self._throttled = True
            self._consumer.pause([self._place])

    async def _run(self) -> None:
        try:
            await self._patiently(self._keys.load)
            while True:
                try:
                    await self._deliver_from(await self._start())
                except ConnectorError as error:
                    if error.action is not Action.REOPEN:
                        raise
                    self._observer.failed(error.reason, self._backoff.initial_seconds)
                else:
                    return
                await self._reset()
        except Exception as error:  # noqa: BLE001  the outermost loop of a partition: an unknown error stops the sink
            self._failed(error)

    async def _start(self) -> int:
        """Where to begin, or to begin again.

        The choice is never left to the consumer, which may be further on than what is delivered: what it has fetched
        for somebody else, or before it was told where to begin, would never be offered again.
        """
        if isinstance(self._sink, PositionedSink):
            sink = self._sink
            claimed = await self._patiently(lambda: sink.claim(self._partition))
            if claimed is not None:
                return claimed
        if self._progress.next_offset is not None:
            return self._progress.next_offset
        return await self._patiently(lambda: self._consumer.left_off(self._place))

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        attempt = 0
        while True:
            try:
                return await call()
            except ConnectorError as error:
                if error.action not in (Action.RETRY, Action.PAUSE, Action.REOPEN, Action.RETRY_THEN_DEAD_LETTER):
                    raise
                attempt += 1
                seconds = self._backoff.seconds(error, attempt)
                self._observer.failed(error.reason, seconds)
            await asyncio.sleep(seconds)

    async def _deliver_from(self, offset: int) -> None:
        self._begin = self._position = offset
        self._lanes = lanes = self._make_lanes()
        await self._consumer.begin(self._place, offset, ready=self._open)
        await lanes.run()

    def _make_lanes(self) -> Lanes:
        limits = self._limits
        if limits.in_flight == 1:
            return Lane(self._deliver, limits.batch)
        return KeyLanes(self._deliver, limits.batch, limits.in_flight, ordered=limits.ordered)

    def _open(self) -> None:
        self._ready = True

    async def _reset(self) -> None:
        """Forget what was not delivered: it will be read again from the position."""
        self._ready = False
        self._account(-self._events, -self._bytes)
        self._throttled = False
        self._consumer.pause([self._place])
        done = self._progress.next_offset
        self._progress = Progress()
        self._progress.next_offset = done
        await asyncio.sleep(self._backoff.initial_seconds)

    async def _deliver(self, records: list[Consumed], waiting: Waiting) -> None:
        while records:
            claimed: list[tuple[int, Fingerprint]] = []
            try:
                items, count = await self._read(records, claimed)
                await self._write(records[:count], items, waiting)
                self._keys.delivered(claimed)
            finally:
                self._keys.release(claimed)
            for record in records[:count]:
                self._progress.finish(record.offset)
            self._account(-count, -sum(len(record.value or b"") for record in records[:count]))
            records = records[count:]
        if self._throttled and self._is_drained():
            self._throttled = False
            self._consumer.resume([self._place])

    async def _write(
        self, records: Sequence[Consumed], items: Sequence[tuple[Item, Schema | None]], waiting: Waiting
    ) -> None:
        first = self._position if self._limits.in_flight == 1 else records[0].offset
        following = records[-1].offset + 1
        for chunk in chunks(items, first, following):
            await self._writer.write(chunk, waiting)
        self._position = following

    async def _read(
        self, records: Sequence[Consumed], claimed: list[tuple[int, Fingerprint]]
    ) -> tuple[list[tuple[Item, Schema | None]], int]:
        """The events to deliver, and how many of the records have been read for them: one at least.

        Reading ends before an event with a key that is being delivered: what becomes of it is not known yet.
        """
        items: list[tuple[Item, Schema | None]] = []
        for count, record in enumerate(records):
            try:
                event, schema = await self._reader.read(record)
            except ConnectorError as error:
                if error.action is Action.STOP:
                    raise
                await self._refuse(record, Stage.VALUE_CONVERTER, error)
                continue
            self._flood.passed(1)
            fingerprint = self._keys.fingerprint(event)
            if fingerprint is not None:
                if self._keys.is_claimed(fingerprint):
                    if count:
                        return items, count
                    await self._keys.released(fingerprint)
                finding = self._keys.claim(record.offset, fingerprint, claimed)
                if finding is not Finding.NEW:
                    await self._drop(record, finding)
                    continue
            items.append((Item(record, event), schema))
        return items, len(records)

    async def _drop(self, record: Consumed, finding: Finding) -> None:
        if finding is Finding.SAME:
            self._observer.deduplicated(1)
        else:
            message = "An event with this idempotency key was delivered before, and its body was another one."
            await self._refuse(record, Stage.TASK_PUT, ConnectorError(Reason.KEY_REUSED, message))

    def _account(self, events: int, size: int) -> None:
        self._events += events
        self._bytes += size
        self._observer.buffered(events)

    def _is_full(self) -> bool:
        return self._events >= self._limits.buffered_events or self._bytes >= self._limits.buffered_bytes

    def _is_drained(self) -> bool:
        return self._events * 2 <= self._limits.buffered_events and self._bytes * 2 <= self._limits.buffered_bytes
