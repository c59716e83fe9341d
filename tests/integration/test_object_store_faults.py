"""The object store sink while writers are killed, sleep, or hear no answer: nothing is lost, nothing doubled."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from router.api import ErrorClass, Reason
from router.dev.endpoints import Endpoints
from sinks.object_store.config import ObjectStoreConfig
from sinks.object_store.sink import open_sink
from tests.integration.object_stores import committed, configured, listed
from tests.integration.pipeline import Lab, lab
from tests.integration.postgres_sinks import failure
from tests.integration.s3_server import SECRET, Gate, S3Server, gate
from tests.unit.sinks.examples import PARTITION, batch, event

DATA = r"PUT .*[.]parquet "
COMMIT = r"PUT .*/000000000003[.]json "
SPAWN = multiprocessing.get_context("spawn")
NAME = "shop.files"
EVENTS = 2_000


def secret(_reference: str) -> str:
    return SECRET


class Place:
    """A bucket with the gate before it, and without."""

    def __init__(self, server: S3Server, before: Gate, name: str) -> None:
        self.gate = before
        self.directory: Path = server.bucket(name) / "events"
        self.direct = server.settings(name)
        self.gated = {**self.direct, "endpoint": f"http://127.0.0.1:{before.port}"}

    def ids(self) -> tuple[list[str], list[str]]:
        """What is listed, and what is committed."""
        return listed(self.directory), committed(self.directory)


@pytest.fixture
async def place(s3: S3Server, unique: Callable[[], str]) -> AsyncIterator[Place]:
    async with gate(s3) as before:
        yield Place(s3, before, unique())


def config(settings: dict[str, Any]) -> ObjectStoreConfig:
    return configured(settings, secret)


def ids(first: int, following: int) -> list[str]:
    return [f"e{number}" for number in range(first, following)]


async def write_from(settings: dict[str, Any], following: int, size: int = 5) -> int | None:
    """A new owner claims and writes from the position up to `following`; returns the position."""
    async with open_sink(config(settings), NAME) as sink:
        position = await sink.claim(PARTITION)
        for first in range(position or 0, following, size):
            await sink.write(batch([event(number) for number in range(first, min(first + size, following))], first))
    return position


def deliver(settings: dict[str, Any], following: int) -> None:
    asyncio.run(write_from(settings, following))


@pytest.mark.parametrize(("held", "left"), [(COMMIT, ids(0, 10)), (DATA, ids(0, 5))])
async def test_a_writer_killed_before_its_commit_leaves_nothing_behind(
    place: Place, held: str, left: list[str]
) -> None:
    await write_from(place.direct, 5)
    place.gate.hold(held.replace("0003", "0004"))
    writer = SPAWN.Process(target=deliver, args=(place.gated, 10))
    writer.start()
    await place.gate.arrival()
    writer.kill()
    writer.join()
    found = place.ids()

    position = await write_from(place.direct, 12)

    assert found == (left, ids(0, 5))
    assert position == 5
    assert place.ids() == (ids(0, 12), ids(0, 12))


@pytest.mark.parametrize("held", [DATA, COMMIT], ids=["before its objects", "before its commit"])
@pytest.mark.parametrize("goes_on", [True, False], ids=["the new one has written", "the new one has only claimed"])
async def test_an_owner_that_sleeps_until_another_has_claimed_is_fenced(
    place: Place, held: str, *, goes_on: bool
) -> None:
    async with open_sink(config(place.gated), NAME) as old, open_sink(config(place.direct), NAME) as new:
        await old.claim(PARTITION)
        await old.write(batch([event(0)], 0))
        place.gate.hold(held)
        writing = asyncio.create_task(old.write(batch([event(1), event(2)], 1)))
        await place.gate.arrival()
        position = await new.claim(PARTITION)
        if goes_on:
            await new.write(batch([event(1)], 1))
        place.gate.opened.set()
        fenced = await failure(writing)
        again = await failure(old.write(batch([event(1), event(2)], 1)))
        await new.write(batch([event(2)], 2) if goes_on else batch([event(1), event(2)], 1))

    assert position == 1
    assert (fenced.reason, again.error_class) == (Reason.POSITION_MOVED, ErrorClass.FENCED)
    assert place.ids() == (ids(0, 3), ids(0, 3))


async def test_a_commit_without_an_answer_is_neither_lost_nor_repeated(place: Place) -> None:
    async with open_sink(config(place.gated), NAME) as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(0)], 0))
        place.gate.hold(COMMIT, swallow=True)
        unknown = await failure(sink.write(batch([event(1)], 1)))
        after = await failure(sink.write(batch([event(1)], 1)))
        position = await sink.claim(PARTITION)
        await sink.write(batch([event(2)], 2))

    assert unknown.reason is Reason.SINK_OUTCOME_UNKNOWN
    assert after.error_class is ErrorClass.FENCED
    assert position == 2
    assert place.ids() == (ids(0, 3), ids(0, 3))


async def test_a_store_that_passes_over_conditions_is_refused_before_anything_is_written(place: Place) -> None:
    place.gate.overwrites = True

    async with open_sink(config(place.gated), NAME) as sink:
        refused = await failure(sink.claim(PARTITION))

    assert refused.reason is Reason.CONFIG_INVALID
    assert "If-None-Match" in (refused.fix or "")
    assert place.ids() == ([], [])


async def test_a_write_that_failed_among_its_objects_is_cleared_away_by_the_next_one(place: Place) -> None:
    settings = {**place.gated, "partition_by": ["subject"], "timeout_seconds": 2}
    async with open_sink(config(settings), NAME) as sink:
        await sink.claim(PARTITION)
        place.gate.hold(DATA, swallow=True)
        failed = await failure(sink.write(batch([event(number) for number in range(5)], 0)))
        left = len(listed(place.directory))
        await sink.write(batch([event(number) for number in range(4)], 0))

    assert failed.reason in (Reason.TARGET_UNREACHABLE, Reason.TARGET_TIMEOUT)
    assert left > 0
    found, named = place.ids()
    assert sorted(found) == sorted(named) == ids(0, 4)


async def run_agent(endpoints: Endpoints, prefix: str, settings: dict[str, Any]) -> None:
    async with lab(endpoints, prefix) as made, open_sink(config(settings), NAME) as sink:
        await made.agent(sink, batch=20, buffered=100).run()


def agent(endpoints: Endpoints, prefix: str, settings: dict[str, Any]) -> None:
    asyncio.run(run_agent(endpoints, prefix, settings))


@pytest.fixture
async def made(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Lab]:
    async with lab(endpoints, unique()) as one:
        yield one


async def test_agents_that_are_killed_lose_and_double_nothing(made: Lab, place: Place) -> None:
    await made.publish(range(EVENTS), keys=50)

    for share in (0.2, 0.5, 1.0):
        process = SPAWN.Process(target=agent, args=(made.endpoints, made.prefix, place.direct))
        process.start()
        while len(await asyncio.to_thread(committed, place.directory)) < share * EVENTS:  # noqa: ASYNC110  no event
            await asyncio.sleep(0.1)
        process.kill()
        process.join()

    found, named = place.ids()
    assert sorted(found) == sorted(named) == sorted(ids(0, EVENTS))
