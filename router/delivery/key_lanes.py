"""The order of deliveries of a partition whose sink takes several at a time: each key's events one after the other."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from router.delivery.lane import BatchLimits, Deliver, current_task
from router.kafka.consumer import Consumed

MAX_WAITING_KEYS = 1_000
"""Of a partition; each waits in a task of its own."""


class KeyLanes:
    """Keys proceed independently. One that waits before it is tried again holds up nobody but its own later events.

    in_flight: how many calls of `deliver` run at once, besides those that wait. max_waiting: how many of them may wait
    so; those beyond keep their place, so that in the end the partition waits as a whole. ordered: False where the order
    within a key does not matter; every event is then a key of its own, as those without a key are anyway.
    """

    def __init__(
        self,
        deliver: Deliver,
        limits: BatchLimits,
        in_flight: int,
        *,
        ordered: bool = True,
        max_waiting: int = MAX_WAITING_KEYS,
    ) -> None:
        self._deliver = deliver
        self._limits = limits
        self._in_flight = in_flight
        self._ordered = ordered
        self._max_waiting = max_waiting
        self._queues: dict[Hashable, deque[Consumed]] = {}
        self._ready: deque[Hashable] = deque()
        self._places = asyncio.Semaphore(in_flight)
        self._idle: set[asyncio.Task[None]] = set()
        self._away = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._ended = asyncio.Event()
        self._error: BaseException | None = None

    def put(self, record: Consumed) -> None:
        """Add a record; never waits."""
        key = record.key if self._ordered and record.key is not None else record.offset
        queue = self._queues.get(key)
        if queue is not None:
            queue.append(record)
            return
        self._queues[key] = deque((record,))
        self._ready.append(key)
        self._employ()

    def close(self) -> None:
        """Begin no further batch, and end those that wait; `run` returns when those under way are through."""
        self._closing = True
        for task in self._idle:
            task.cancel()
        self._end_if_idle()

    async def run(self) -> None:
        """Deliver until closed. Raises what `deliver` raises first; the others are cancelled."""
        try:
            await self._ended.wait()
        finally:
            self._closing = True
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)
        if self._error is not None:
            raise self._error

    @asynccontextmanager
    async def _wait(self, *, for_target: bool) -> AsyncIterator[None]:
        """Give the place to others meanwhile, and take one again afterwards, unless they would wait for the same."""
        task = current_task()
        self._idle.add(task)
        gives_place = not for_target and self._away < self._max_waiting
        if gives_place:
            self._away += 1
            self._places.release()
            self._employ()
        try:
            yield
        finally:
            self._idle.discard(task)
            self._away -= gives_place
        if gives_place:
            # Whoever is cancelled meanwhile has none to give back, but then everything ends.
            await self._places.acquire()

    def _employ(self) -> None:
        """Begin with what is ready, as far as there are places."""
        if len(self._tasks) - self._away < self._in_flight and self._ready and not self._closing:
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._finished)

    async def _work(self) -> None:
        while self._ready and not self._closing:
            # Anew for each batch: others may have waited for a place meanwhile.
            async with self._places:
                keys, batch = self._take()
                if batch:
                    await self._deliver(batch, self._wait)
            for key in keys:
                if self._queues[key]:
                    self._ready.append(key)
                else:
                    del self._queues[key]

    def _take(self) -> tuple[list[Hashable], list[Consumed]]:
        """A batch, of one key or of several; whose keys are nobody else's until it is delivered."""
        limits = self._limits
        keys: list[Hashable] = []
        batch: list[Consumed] = []
        size = 0
        while self._ready and len(batch) < limits.events and size < limits.bytes:
            key = self._ready.popleft()
            keys.append(key)
            queue = self._queues[key]
            while queue and len(batch) < limits.events and size < limits.bytes:
                record = queue.popleft()
                batch.append(record)
                size += len(record.value or b"")
        return keys, batch

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and self._error is None:
            self._error = error
            self._ended.set()
        # Something may have arrived since it found nothing left to do.
        self._employ()
        self._end_if_idle()

    def _end_if_idle(self) -> None:
        if self._closing and not self._tasks:
            self._ended.set()
