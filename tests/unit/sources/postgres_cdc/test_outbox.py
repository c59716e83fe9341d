"""Parcels are emitted in order, together where they can, and bounded."""

import asyncio
from collections.abc import Sequence

import pytest

from router.api import Checkpoint, ConnectorError, Reason, Record
from sources.postgres_cdc.outbox import ENOUGH_RECORDS, MAX_RECORDS, Outbox, Parcel


class Calls:
    """Remembers what was emitted; waits while closed, fails if told to."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.positions: list[object] = []
        self.durable: list[int] = []
        self.open = asyncio.Event()
        self.error: ConnectorError | None = None

    async def __call__(self, records: Sequence[Record], *, checkpoint: Checkpoint | None = None) -> None:
        await self.open.wait()
        if self.error is not None:
            raise self.error
        self.sizes.append(len(records))
        self.positions.append(checkpoint and checkpoint.position["at"])


def parcel(number: int, records: int = 1) -> Parcel:
    return Parcel([Record(str(number), "t", b"")] * records, {"at": number} if records else None, 10, number)


async def test_what_has_gathered_goes_together_with_the_last_position() -> None:
    calls = Calls()
    calls.open.set()
    outbox = Outbox(calls, "s", calls.durable.append)

    async def fill() -> None:
        for number in range(1, 6):
            await outbox.put(parcel(number))

    await outbox.run(fill)

    assert (calls.sizes, calls.positions, calls.durable) == ([5], [5], [5])


async def test_no_more_is_read_than_there_is_room_for_while_an_emit_waits() -> None:
    calls = Calls()
    outbox = Outbox(calls, "s", calls.durable.append)
    put = 0

    async def fill() -> None:
        nonlocal put
        for number in range(100):
            await outbox.put(parcel(number, 1000))
            put += 1

    running = asyncio.create_task(outbox.run(fill))
    for _ in range(1000):
        await asyncio.sleep(0)
    waiting = put
    calls.open.set()
    await running

    assert waiting == MAX_RECORDS // 1000
    assert (sum(calls.sizes), calls.durable[-1]) == (100_000, 99)
    assert max(calls.sizes) < ENOUGH_RECORDS + 1000


async def test_nothing_is_durable_before_the_emit_has_returned() -> None:
    calls = Calls()
    outbox = Outbox(calls, "s", calls.durable.append)

    async def fill() -> None:
        await outbox.put(parcel(1))
        await outbox.put(parcel(2, records=0))

    running = asyncio.create_task(outbox.run(fill))
    for _ in range(100):
        await asyncio.sleep(0)
    before = list(calls.durable)
    calls.open.set()
    await running

    assert (before, calls.durable) == ([], [2])


async def test_marks_without_records_are_durable_without_an_emit() -> None:
    calls = Calls()
    outbox = Outbox(calls, "s", calls.durable.append)

    async def fill() -> None:
        await outbox.put(parcel(7, records=0))

    await outbox.run(fill)

    assert (calls.sizes, calls.durable) == ([], [7])


async def test_an_error_of_reading_is_raised_after_the_emit_that_is_under_way() -> None:
    calls = Calls()
    outbox = Outbox(calls, "s", calls.durable.append)

    async def fill() -> None:
        await outbox.put(parcel(1))
        raise ConnectorError(Reason.TARGET_UNREACHABLE, "gone")

    running = asyncio.create_task(outbox.run(fill))
    for _ in range(100):
        await asyncio.sleep(0)
    calls.open.set()

    with pytest.raises(ConnectorError, match="gone"):
        await running
    assert (calls.sizes, calls.durable) == ([1], [1])


async def test_an_error_of_emit_ends_the_reading_and_is_raised() -> None:
    calls = Calls()
    calls.error = ConnectorError(Reason.BROKER_UNAVAILABLE, "away")
    calls.open.set()
    outbox = Outbox(calls, "s", calls.durable.append)
    ended = asyncio.Event()

    async def fill() -> None:
        try:
            await outbox.put(parcel(1))
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(ConnectorError, match="away"):
        await outbox.run(fill)
    assert (ended.is_set(), calls.durable) == (True, [])
