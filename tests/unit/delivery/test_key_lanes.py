"""Keys proceed independently, each in order, and whoever waits holds up nobody else."""

import asyncio
import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.delivery.key_lanes import KeyLanes
from router.delivery.lane import BatchLimits, Waiting
from router.kafka.consumer import Consumed
from tests.unit.delivery.doubles import until

ONE = BatchLimits(1, 1_000)


def keyed(offset: int, key: bytes | None) -> Consumed:
    return Consumed("orders.v1", 0, offset, key, b"x", None)  # type: ignore[arg-type]  # nobody asks the message


@settings(max_examples=60, deadline=None)
@given(
    keys=st.lists(st.sampled_from([b"a", b"b", b"c", b"d", None]), min_size=1, max_size=60),
    in_flight=st.integers(2, 8),
    events=st.integers(1, 5),
    max_waiting=st.integers(0, 3),
    seed=st.integers(0, 1_000),
)
def test_every_event_is_delivered_once_in_its_keys_order_by_no_more_than_allowed(
    keys: list[bytes | None], in_flight: int, events: int, max_waiting: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  a test's randomness, to be repeated
    order: dict[bytes, list[int]] = defaultdict(list)
    delivered: list[int] = []
    at_work: set[bytes] = set()
    running = most = 0

    async def deliver(records: list[Consumed], waiting: Waiting) -> None:
        nonlocal running, most
        mine = {record.key for record in records if record.key is not None}
        assert not mine & at_work
        at_work.update(mine)
        running += 1
        most = max(most, running)
        for _ in range(chance.randrange(3)):
            running -= 1
            async with waiting(for_target=chance.random() < 0.2):
                await asyncio.sleep(chance.random() / 1_000)
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
        for record in records:
            delivered.append(record.offset)
            if record.key is not None:
                order[record.key].append(record.offset)
        running -= 1
        at_work.difference_update(mine)

    async def main() -> None:
        lanes = KeyLanes(deliver, BatchLimits(events, 1_000), in_flight, max_waiting=max_waiting)
        task = asyncio.create_task(lanes.run())
        for offset, key in enumerate(keys):
            lanes.put(keyed(offset, key))
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        await until(lambda: len(delivered) >= len(keys) or task.done())
        lanes.close()
        await task

    asyncio.run(main())

    assert sorted(delivered) == list(range(len(keys)))
    assert all(offsets == sorted(offsets) for offsets in order.values())
    assert most <= in_flight


async def test_a_key_that_waits_holds_up_its_own_events_only() -> None:
    delivered: list[int] = []
    mended = asyncio.Event()

    async def deliver(records: list[Consumed], waiting: Waiting) -> None:
        if records[0].key == b"bad":
            async with waiting(for_target=False):
                await mended.wait()
        delivered.extend(record.offset for record in records)

    lanes = KeyLanes(deliver, ONE, 2)
    task = asyncio.create_task(lanes.run())
    for offset in range(0, 30, 3):
        lanes.put(keyed(offset, b"bad"))
        lanes.put(keyed(offset + 1, b"good"))
        lanes.put(keyed(offset + 2, b"bad %d" % offset))
    await until(lambda: len(delivered) >= 20)
    before = list(delivered)
    mended.set()
    await until(lambda: len(delivered) >= 30)
    lanes.close()
    await task

    assert not any(offset % 3 == 0 for offset in before)
    assert [offset for offset in delivered if offset % 3 == 0] == list(range(0, 30, 3))


async def test_beyond_the_limit_those_who_wait_keep_their_place() -> None:
    began: list[int] = []

    async def deliver(records: list[Consumed], waiting: Waiting) -> None:
        began.append(records[0].offset)
        async with waiting(for_target=False):
            await asyncio.Event().wait()

    lanes = KeyLanes(deliver, ONE, 2, max_waiting=3)
    task = asyncio.create_task(lanes.run())
    for offset in range(100):
        lanes.put(keyed(offset, b"k%d" % offset))
    await until(lambda: len(began) >= 5)
    await asyncio.sleep(0.01)
    lanes.close()
    await task

    assert began == [0, 1, 2, 3, 4]


async def test_without_order_a_keys_events_do_not_wait_for_one_another() -> None:
    both = asyncio.Barrier(2)
    met: list[int] = []

    async def deliver(records: list[Consumed], waiting: Waiting) -> None:
        met.append(await both.wait())

    lanes = KeyLanes(deliver, ONE, 2, ordered=False)
    task = asyncio.create_task(lanes.run())
    lanes.put(keyed(0, b"k"))
    lanes.put(keyed(1, b"k"))

    await until(lambda: len(met) == 2)
    lanes.close()
    await task


async def test_the_first_error_ends_all() -> None:
    ended = asyncio.Event()

    async def deliver(records: list[Consumed], waiting: Waiting) -> None:
        if records[0].key == b"bad":
            raise RuntimeError("as the script says")
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    lanes = KeyLanes(deliver, ONE, 2)
    lanes.put(keyed(0, b"good"))
    lanes.put(keyed(1, b"bad"))

    with pytest.raises(RuntimeError, match="as the script says"):
        await lanes.run()
    assert ended.is_set()
