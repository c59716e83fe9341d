"""Writes chunks of a partition to the sink until each event is delivered or dead-lettered."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from router.api import (
    Action,
    Batch,
    ConnectorError,
    Event,
    PositionedSink,
    Reason,
    RecordsRefusedError,
    Schema,
    Sink,
    TopicPartition,
)
from router.delivery.backoff import Backoff
from router.delivery.flood import Flood
from router.delivery.gate import Gate
from router.delivery.lane import Waiting
from router.delivery.observer import DeliveryObserver
from router.delivery.stage import Stage
from router.kafka.consumer import Consumed

Refuse = Callable[[Consumed, Stage, ConnectorError], Awaitable[None]]
"""Dead-letters a record; returns when the dead letter is durable."""


def undisturbed(*, for_target: bool) -> AbstractAsyncContextManager[None]:  # noqa: ARG001  it makes no difference
    """To wait alone, and to the end."""
    return nullcontext()


class Item(NamedTuple):
    """An event and the record that it was read from."""

    record: Consumed
    event: Event


@dataclass(frozen=True, slots=True)
class Chunk:
    """Events of one schema that cover the offsets from first_offset up to, not including, next_offset."""

    items: tuple[Item, ...]
    first_offset: int
    next_offset: int
    schema: Schema | None

    def halves(self) -> Iterator["Chunk"]:
        """Two chunks that cover the same offsets."""
        middle = len(self.items) // 2
        border = self.items[middle].record.offset
        yield replace(self, items=self.items[:middle], next_offset=border)
        yield replace(self, items=self.items[middle:], first_offset=border)

    def without(self, indexes: Mapping[int, object]) -> "Chunk":
        """The same offsets with fewer events."""
        return replace(self, items=tuple(item for index, item in enumerate(self.items) if index not in indexes))


@dataclass(slots=True)
class Attempts:
    """How often and since when (monotonic seconds) a chunk has failed; shared by its halves.

    waiting: what is entered before it is tried again.
    """

    waiting: Waiting
    count: int = 0
    since: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Terms:
    """What all writers of a sink's agent share.

    give_up_after_seconds: when errors of action `retry_then_dead_letter` are dead-lettered.
    """

    backoff: Backoff
    give_up_after_seconds: float
    observer: DeliveryObserver
    gate: Gate
    flood: Flood


class Writer:
    """One partition's way into the sink. What it does with an error follows from the error's action alone."""

    def __init__(
        self,
        sink: Sink,
        partition: TopicPartition,
        refuse: Refuse,
        terms: Terms,
    ) -> None:
        self._sink = sink
        self._partition = partition
        self._refuse = refuse
        self._backoff = terms.backoff
        self._give_up_after_seconds = terms.give_up_after_seconds
        self._observer = terms.observer
        self._gate = terms.gate
        self._flood = terms.flood
        self._positioned = isinstance(sink, PositionedSink)

    async def write(self, chunk: Chunk, waiting: Waiting = undisturbed) -> None:
        """Return when every event of the chunk is delivered or dead-lettered, and the position is behind it.

        Raises ConnectorError of action `reopen` or `stop`, and whatever the sink raised that nobody foresaw.
        """
        await self._write(chunk, Attempts(waiting))

    async def _write(self, chunk: Chunk, attempts: Attempts) -> None:
        while chunk.items or self._positioned:
            try:
                await self._offer(chunk, attempts.waiting)
            except RecordsRefusedError as error:
                chunk = await self._settle(chunk, _refusals(error))
            except ConnectorError as error:
                if self._must_wait(error, attempts):
                    await self._wait(error, attempts)
                elif error.action in (Action.REOPEN, Action.STOP):
                    raise
                elif len(chunk.items) > 1:
                    # Some record of it is to blame; which one shows when the halves are written.
                    for half in chunk.halves():
                        await self._write(half, attempts)
                    return
                elif chunk.items:
                    chunk = await self._settle(chunk, {0: error})
                else:
                    raise
            else:
                return

    async def _offer(self, chunk: Chunk, waiting: Waiting) -> None:
        events = tuple([item.event for item in chunk.items])
        batch = Batch(self._partition, events, chunk.first_offset, chunk.next_offset, chunk.schema)
        gate = self._gate
        probe = gate.enter(len(events)) if gate.is_open else await self._turn(len(events), waiting)
        started = time.perf_counter()
        try:
            duplicates = await self._sink.write(batch)
        except RecordsRefusedError:
            gate.succeeded(probe)
            raise
        except ConnectorError as error:
            gate.failed(probe, error)
            raise
        except BaseException:
            gate.abandoned(probe)
            raise
        gate.succeeded(probe)
        if events:
            self._flood.passed(len(events))
            self._observer.delivered(len(events), duplicates, time.perf_counter() - started)

    async def _turn(self, events: int, waiting: Waiting) -> bool:
        async with waiting(for_target=True):
            return await self._gate.turn(events)

    async def _settle(self, chunk: Chunk, errors: Mapping[int, ConnectorError]) -> Chunk:
        """Dead-letter these events, or count them as duplicates; the others are left."""
        for index, error in errors.items():
            if error.action is Action.ACCEPT:
                self._observer.delivered(1, 1, 0.0)
            else:
                await self._refuse(chunk.items[index].record, Stage.TASK_PUT, error)
        return chunk.without(errors)

    def _must_wait(self, error: ConnectorError, attempts: Attempts) -> bool:
        if error.action is Action.RETRY_THEN_DEAD_LETTER:
            return time.monotonic() - attempts.since < self._give_up_after_seconds
        if error.action is Action.REOPEN and not self._positioned:
            # There is no position to read again: what was in flight is repeated, under the same idempotency key.
            return True
        return error.action in (Action.RETRY, Action.PAUSE)

    async def _wait(self, error: ConnectorError, attempts: Attempts) -> None:
        attempts.count += 1
        seconds = self._backoff.seconds(error, attempts.count)
        self._observer.failed(error.reason, seconds)
        async with attempts.waiting(for_target=False):
            await asyncio.sleep(seconds)


def _refusals(error: RecordsRefusedError) -> Mapping[int, ConnectorError]:
    """What a sink refused. Raises the first that is not a matter of the record itself."""
    settled = (Action.DEAD_LETTER, Action.RETRY_THEN_DEAD_LETTER, Action.ACCEPT)
    for refusal in error.refused.values():
        if refusal.action not in settled:
            raise refusal
    if not error.refused:
        raise ConnectorError(Reason.INTERNAL_BUG, "The sink refused records without saying which.")
    return error.refused


def chunks(items: Sequence[tuple[Item, Schema | None]], first_offset: int, next_offset: int) -> Iterator[Chunk]:
    """The items as chunks of one schema each, which together cover the offsets without a gap."""
    start = 0
    for end in range(1, len(items) + 1):
        if end == len(items) or items[end][1] is not items[start][1]:
            border = next_offset if end == len(items) else items[end][0].record.offset
            yield Chunk(tuple([item for item, _ in items[start:end]]), first_offset, border, items[start][1])
            start, first_offset = end, border
    if not items:
        yield Chunk((), first_offset, next_offset, None)
