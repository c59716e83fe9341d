"""The function sink at work: events of a topic, by the runtime, into a coroutine of an installed package."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from router.api import Reason
from router.dev.endpoints import Endpoints
from sinks.function.config import FunctionConfig
from sinks.function.sink import open_sink
from tests.conformance.functions import TAKEN, offered
from tests.integration.pipeline import Lab, lab, running, until


@pytest.fixture(autouse=True)
def package(tmp_path: Path) -> Iterator[None]:
    with offered(tmp_path):
        yield


@pytest.fixture
async def made(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Lab]:
    async with lab(endpoints, unique()) as one:
        yield one


async def test_each_event_is_handed_over_once_and_in_order_per_key(made: Lab) -> None:
    await made.publish(range(500))

    async with (
        open_sink(FunctionConfig(function="take"), "sink") as sink,
        running(made.agent(sink, lanes=8, batch=1)) as task,
    ):
        await until(lambda: len(TAKEN) >= 500, task)

    assert Counter(event.id for event in TAKEN) == Counter(f"e{number}" for number in range(500))
    for key in {event.key for event in TAKEN}:
        versions = [event.version for event in TAKEN if event.key == key]
        assert versions == sorted(versions)


async def test_what_the_function_raises_ends_in_dead_letters(made: Lab) -> None:
    await made.publish(range(5))

    async with (
        open_sink(FunctionConfig(function="fail"), "sink") as sink,
        running(made.agent(sink, lanes=8, batch=1)) as task,
    ):
        await until(lambda: len(made.watch.dead) >= 5, task)

    assert made.watch.dead == [Reason.HANDLER_FAILED] * 5
