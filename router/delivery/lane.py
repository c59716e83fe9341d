"""A lane: the records of some keys of a partition, delivered one batch after the other, in order."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from router.kafka.consumer import Consumed

Deliver = Callable[[list[Consumed]], Awaitable[None]]


class Lane:
    """A queue and the loop that empties it. `deliver` gets at most `limit` records at a time."""

    def __init__(self, deliver: Deliver, limit: int) -> None:
        self._deliver = deliver
        self._limit = limit
        self._records: deque[Consumed] = deque()
        self._arrived = asyncio.Event()
        self._closing = False

    def put(self, record: Consumed) -> None:
        """Add a record; never waits."""
        self._records.append(record)
        self._arrived.set()

    def close(self) -> None:
        """Take no further batch; `run` returns when the present one is through."""
        self._closing = True
        self._arrived.set()

    async def run(self) -> None:
        """Deliver until closed. Raises what `deliver` raises."""
        while not self._closing:
            if not self._records:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            count = min(self._limit, len(self._records))
            await self._deliver([self._records.popleft() for _ in range(count)])


async def run_all(lanes: Sequence[Lane]) -> None:
    """Run the lanes until all are closed. The first that raises ends the others, and its error is raised."""
    tasks = [asyncio.create_task(lane.run()) for lane in lanes]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
