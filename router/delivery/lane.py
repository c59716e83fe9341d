"""The order of deliveries of a partition whose sink takes one batch at a time: that of the offsets."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from router.kafka.consumer import Consumed


class Waiting(Protocol):
    """What is entered while a batch waits, so that others may go on, and that a stop need not wait for it, too.

    for_target: all others would have to wait for the same.
    """

    def __call__(self, *, for_target: bool) -> AbstractAsyncContextManager[None]:
        """The context."""


Deliver = Callable[[list[Consumed], Waiting], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How large a batch becomes: so many events, or so many bytes of their values with the one that exceeds them.

    seconds: how long the first of a batch waits for others.
    """

    events: int
    bytes: int
    seconds: float = 0.0


class Lanes(Protocol):
    """What takes a partition's records and gives them to `deliver` in an order that the keys allow."""

    def put(self, record: Consumed) -> None:
        """Add a record; never waits."""
        ...

    def close(self) -> None:
        """Begin no further batch, and end those that wait; `run` returns when those under way are through."""
        ...

    async def run(self) -> None:
        """Deliver until closed. Raises what `deliver` raises first; then nothing of it is under way any longer."""
        ...


def current_task() -> asyncio.Task[None]:
    """The task that is running. Raises LookupError if none is."""
    task = asyncio.current_task()
    if task is None:
        message = "called outside of a task"
        raise LookupError(message)
    return task


class Lane:
    """One queue and the loop that empties it."""

    def __init__(self, deliver: Deliver, limits: BatchLimits) -> None:
        self._deliver = deliver
        self._limits = limits
        self._records: deque[tuple[Consumed, int, float]] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._closing = False
        self._waiting: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    def put(self, record: Consumed) -> None:
        """Add a record; never waits."""
        size = len(record.value or b"")
        self._records.append((record, size, self._loop.time() if self._limits.seconds else 0.0))
        self._bytes += size
        self._arrived.set()

    def close(self) -> None:
        """Take no further batch, and end one that waits; `run` returns when the present one is through."""
        self._closing = True
        self._arrived.set()
        if self._waiting is not None:
            self._waiting.cancel()

    async def run(self) -> None:
        """Deliver until closed. Raises what `deliver` raises."""
        while not self._closing:
            if (patience := self._patience()) > 0:
                self._arrived.clear()
                await self._arrival(patience)
            else:
                await self._deliver(self._batch(), self._wait)

    @asynccontextmanager
    async def _wait(self, *, for_target: bool) -> AsyncIterator[None]:  # noqa: ARG002  all wait in any case
        """Whoever comes later waits, too."""
        self._waiting = current_task()
        try:
            yield
        finally:
            self._waiting = None

    def _patience(self) -> float:
        """For how many seconds to wait for more; none if the batch is full or its first has waited for long enough."""
        if not self._records:
            return float("inf")
        if len(self._records) >= self._limits.events or self._bytes >= self._limits.bytes:
            return 0.0
        return self._records[0][2] + self._limits.seconds - self._loop.time() if self._limits.seconds else 0.0

    async def _arrival(self, seconds: float) -> None:
        if seconds == float("inf"):
            await self._arrived.wait()
            return
        timer = self._loop.call_later(seconds, self._arrived.set)
        try:
            await self._arrived.wait()
        finally:
            timer.cancel()

    def _batch(self) -> list[Consumed]:
        taken: list[Consumed] = []
        size = 0
        while self._records and len(taken) < self._limits.events and size < self._limits.bytes:
            record, bytes_of_it, _ = self._records.popleft()
            taken.append(record)
            size += bytes_of_it
        self._bytes -= size
        return taken
