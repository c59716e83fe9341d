"""What a function does with an event decides what becomes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from router.api import Batch, ConnectorError, Reason
from sinks.function.config import FunctionConfig
from sinks.function.sink import open_sink
from tests.conformance.functions import TAKEN, offered
from tests.unit.delivery.doubles import PARTITION, event


@pytest.fixture(autouse=True)
def package(tmp_path: Path) -> Iterator[None]:
    with offered(tmp_path):
        yield


async def refusal(function: str, timeout_seconds: float = 30) -> ConnectorError:
    config = FunctionConfig(function=function, timeout_seconds=timeout_seconds)
    with pytest.raises(ConnectorError) as raised:
        async with open_sink(config, "shop.calls") as sink:
            await sink.write(Batch(PARTITION, (event(1),), 1, 2, None))
    return raised.value


async def test_an_event_is_accepted_when_the_function_returns() -> None:
    async with open_sink(FunctionConfig(function="take"), "shop.calls") as sink:
        assert await sink.write(Batch(PARTITION, (event(1), event(2)), 1, 3, None)) == 0

    assert [taken.id for taken in TAKEN] == ["e1", "e2"]


async def test_the_functions_own_reason_counts() -> None:
    assert (await refusal("away")).reason is Reason.TARGET_UNREACHABLE


async def test_any_other_error_dead_letters_the_event_without_telling_its_data() -> None:
    error = await refusal("fail")

    assert (error.reason, error.message) == (Reason.HANDLER_FAILED, "The function raised ValueError.")
    assert error.__cause__ is None


async def test_a_call_that_takes_too_long_is_cancelled_and_repeated() -> None:
    assert (await refusal("hang", timeout_seconds=0.01)).reason is Reason.TARGET_TIMEOUT


@pytest.mark.parametrize(
    ("function", "expected"),
    [("no-coroutine", "no coroutine"), ("not-there", "AttributeError"), ("nowhere", "ModuleNotFoundError")],
)
async def test_what_is_no_coroutine_function_is_refused_when_the_sink_is_opened(function: str, expected: str) -> None:
    error = await refusal(function)

    assert error.reason is Reason.CONFIG_INVALID
    assert expected in error.message
    assert error.fix


@pytest.mark.parametrize("function", ["other", "os:system", "tests.conformance.functions:take", ""])
def test_only_what_a_package_offers_can_be_configured(function: str) -> None:
    with pytest.raises(ValidationError, match="there are: take, bill, away"):
        FunctionConfig(function=function)
