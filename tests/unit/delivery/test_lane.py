"""One queue: offsets in order, in batches as full as the limits and the patience allow."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from router.delivery.lane import BatchLimits, Lane, Waiting
from router.kafka.consumer import Consumed
from tests.unit.delivery.doubles import record


class Taker:
    """Takes batches; `wanted` is set once it has so many records."""

    def __init__(self, wanted: int) -> None:
        self.batches: list[list[int]] = []
        self.done = asyncio.Event()
        self._wanted = wanted

    async def __call__(self, records: list[Consumed], waiting: Waiting) -> None:
        self.batches.append([record.offset for record in records])
        if sum(map(len, self.batches)) >= self._wanted:
            self.done.set()


async def delivered(limits: BatchLimits, values: Sequence[bytes]) -> list[list[int]]:
    taker = Taker(len(values))
    lane = Lane(taker, limits)
    for offset, value in enumerate(values):
        lane.put(record(offset, value))
    task = asyncio.create_task(lane.run())
    await taker.done.wait()
    lane.close()
    await task
    return taker.batches


async def test_a_batch_has_no_more_events_than_the_limit() -> None:
    assert await delivered(BatchLimits(2, 1_000), [b"x"] * 5) == [[0, 1], [2, 3], [4]]


async def test_a_batch_ends_with_the_event_that_exceeds_its_bytes() -> None:
    assert await delivered(BatchLimits(10, 5), [b"xxx", b"xxx", b"xxxxxxx", b"x"]) == [[0, 1], [2], [3]]


async def test_a_batch_waits_for_others_and_goes_when_it_is_full() -> None:
    taker = Taker(3)
    lane = Lane(taker, BatchLimits(3, 1_000, seconds=3_600))
    task = asyncio.create_task(lane.run())

    for offset in range(3):
        await asyncio.sleep(0.01)
        lane.put(record(offset, b"x"))
    await taker.done.wait()

    assert taker.batches == [[0, 1, 2]]
    lane.close()
    await task


async def test_a_batch_that_is_not_full_goes_when_its_first_event_has_waited_for_so_long() -> None:
    taker = Taker(1)
    lane = Lane(taker, BatchLimits(3, 1_000, seconds=0.05))
    task = asyncio.create_task(lane.run())
    put_at = asyncio.get_running_loop().time()

    lane.put(record(0, b"x"))
    await taker.done.wait()

    assert asyncio.get_running_loop().time() - put_at >= 0.05
    assert taker.batches == [[0]]
    lane.close()
    await task


async def test_a_stop_does_not_wait_for_a_batch_that_waits() -> None:
    waits = asyncio.Event()

    async def deliver(records: list[Consumed], waiting: Waiting) -> None:
        async with waiting(for_target=False):
            waits.set()
            await asyncio.Event().wait()

    lane = Lane(deliver, BatchLimits(1, 1_000))
    lane.put(record(0))
    task = asyncio.create_task(lane.run())
    await waits.wait()

    lane.close()
    with suppress(asyncio.CancelledError):
        await task

    assert task.done()
