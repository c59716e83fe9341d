"""The records that are read but not emitted yet: bounded, and emitted while reading goes on."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from router.api import Checkpoint, Emit, Position, Record

MAX_RECORDS = 20_000
MAX_BYTES = 64 * 1_048_576
ENOUGH_RECORDS = 4_000
LINGER_SECONDS = 0.02


class Parcel(NamedTuple):
    """Records that go together. position: the checkpoint after them, None without records.

    size: their bytes, about. mark: what to say of them once they are durable.
    """

    records: Sequence[Record]
    position: Position | None
    size: int
    mark: int


class Outbox:
    """Parcels in order. An emit takes as many as there are, up to a few thousand records.

    stream: of the checkpoints. on_durable: called with a parcel's mark when it and all before it are durable.
    """

    def __init__(self, emit: Emit, stream: str, on_durable: Callable[[int], None]) -> None:
        self._emit = emit
        self._stream = stream
        self._on_durable = on_durable
        self._parcels: deque[Parcel] = deque()
        self._records = 0
        self._bytes = 0
        self._closed = False
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, parcel: Parcel) -> None:
        """Add a parcel; waits while there are too many."""
        while self._records >= MAX_RECORDS or self._bytes >= MAX_BYTES:
            self._room.clear()
            await self._room.wait()
        self._parcels.append(parcel)
        self._records += len(parcel.records)
        self._bytes += parcel.size
        self._some.set()
        if self._records >= ENOUGH_RECORDS or self._bytes >= MAX_BYTES:
            self._enough.set()

    async def run(self, fill: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Emit while `fill` puts, and what is left when it has ended. Raises what either raises.

        An error of `fill` waits for the emit that is under way: given up, nobody would know what became of it.
        """
        drained = asyncio.create_task(self._drain())
        filled = asyncio.create_task(fill())
        try:
            await asyncio.wait({drained, filled}, return_when=asyncio.FIRST_COMPLETED)
            if not drained.done():
                self._closed = True
                self._some.set()
                self._enough.set()
                await asyncio.wait({drained})
        finally:
            drained.cancel()
            filled.cancel()
            await asyncio.gather(drained, filled, return_exceptions=True)
        drained.result()
        filled.result()

    async def _drain(self) -> None:
        while self._parcels or not self._closed:
            await self._some.wait()
            if self._records and not self._enough.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(LINGER_SECONDS):
                        await self._enough.wait()
            await self._emit_some()

    async def _emit_some(self) -> None:
        records: list[Record] = []
        position: Position | None = None
        size, mark = 0, None
        while self._parcels and len(records) < ENOUGH_RECORDS:
            parcel = self._parcels.popleft()
            records += parcel.records
            position = parcel.position or position
            size += parcel.size
            mark = parcel.mark
        if position is not None:
            await self._emit(records, checkpoint=Checkpoint(self._stream, position))
        if mark is not None:
            self._on_durable(mark)
        self._records -= len(records)
        self._bytes -= size
        self._room.set()
        if self._closed:
            return
        if not self._parcels:
            self._some.clear()
        if self._records < ENOUGH_RECORDS:
            self._enough.clear()
