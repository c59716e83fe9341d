"""What one call of a source's run comes to."""

import asyncio
from collections.abc import Sequence

import pytest

from router.api import Checkpoint, ConnectorError, Reason, Record
from router.config.models import Route
from router.envelope.message import Envelopes
from router.envelope.registry import Registry
from router.fetching.checkpoints import CheckpointStore, Scope
from router.fetching.emitter import Emitter, Way
from router.fetching.letter import Letters
from router.fetching.observer import Emission
from router.fetching.run import run_source
from router.kafka.producer import Message
from router.routing import compile_routes

AWAY = ConnectorError(Reason.TARGET_UNREACHABLE, "away")


class Log:
    """Transactions in memory. gate: each waits for it; error: what the next one raises."""

    def __init__(self) -> None:
        self.transactions: list[list[str]] = []
        self.emissions: list[Emission] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: ConnectorError | None = None

    async def publish(self, messages: Sequence[Message]) -> None:
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.transactions.append([(message.key or b"").decode() for message in messages])


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def emitter(log: Log) -> Emitter:
    """Every record without data is dropped, so that no registry is asked; checkpoints are what is committed."""
    envelopes = Envelopes("shop", "orders", None, Registry("http://127.0.0.1:1"))
    way = Way(
        compile_routes(envelopes.uri, (Route(drop=True),)),
        envelopes,
        Letters("shop.orders.dlq", "orders", envelopes.uri, "1", 0),
        CheckpointStore("127.0.0.1:1", "shop"),
        Scope("orders"),
    )
    return Emitter(way, log.publish, {}, log.emissions.append)


def at(number: int) -> Checkpoint:
    return Checkpoint(f"s{number}", {"next": number})


async def test_calls_are_committed_one_by_one_in_their_order(log: Log, emitter: Emitter) -> None:
    log.gate.clear()
    calls = [asyncio.create_task(emitter([], checkpoint=at(number))) for number in range(3)]
    await asyncio.sleep(0)
    assert not log.transactions
    log.gate.set()

    await asyncio.gather(*calls)

    assert log.transactions == [['["orders","s0"]'], ['["orders","s1"]'], ['["orders","s2"]']]
    assert emitter.checkpoints == {"s0": {"next": 0}, "s1": {"next": 1}, "s2": {"next": 2}}


async def test_what_a_route_drops_is_counted_and_needs_no_transaction(log: Log, emitter: Emitter) -> None:
    await emitter([Record("1", "x", None), Record("2", "x", None)])

    assert log.transactions == []
    assert [(emission.filtered, emission.is_empty) for emission in log.emissions] == [(2, True)]


async def test_after_a_failure_every_later_call_fails_alike_and_publishes_nothing(log: Log, emitter: Emitter) -> None:
    log.error = AWAY
    with pytest.raises(ConnectorError):
        await emitter([], checkpoint=at(1))
    log.error = None

    with pytest.raises(ConnectorError) as caught:
        await emitter([], checkpoint=at(2))

    assert caught.value.reason is Reason.TARGET_UNREACHABLE
    assert log.transactions == []
    assert emitter.checkpoints == {}


async def test_calls_that_wait_behind_one_that_fails_fail_too(log: Log, emitter: Emitter) -> None:
    log.gate.clear()
    calls = [asyncio.create_task(emitter([], checkpoint=at(number))) for number in range(3)]
    await asyncio.sleep(0)
    log.error = AWAY
    log.gate.set()

    outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert [getattr(outcome, "reason", None) for outcome in outcomes] == [Reason.TARGET_UNREACHABLE] * 3


async def test_a_call_that_is_given_up_ends_the_session(log: Log, emitter: Emitter) -> None:
    log.gate.clear()

    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await emitter([], checkpoint=at(1))

    with pytest.raises(ConnectorError) as caught:
        await run_source(run(), emitter)

    assert caught.value.reason is Reason.TRANSACTION_OUTCOME_UNKNOWN


async def test_an_emit_that_failed_decides_even_if_the_source_ignores_it(log: Log, emitter: Emitter) -> None:
    log.error = AWAY

    async def run() -> None:
        with pytest.raises(ConnectorError):
            await emitter([], checkpoint=at(1))

    with pytest.raises(ConnectorError) as caught:
        await run_source(run(), emitter)

    assert caught.value.reason is Reason.TARGET_UNREACHABLE


async def test_of_a_group_of_known_errors_the_first_is_the_cause(emitter: Emitter) -> None:
    async def run() -> None:
        raise ExceptionGroup("both", [AWAY, ExceptionGroup("inner", [AWAY])])

    with pytest.raises(ConnectorError) as caught:
        await run_source(run(), emitter)

    assert caught.value is AWAY


async def test_a_group_with_an_unknown_error_stays_unknown(emitter: Emitter) -> None:
    async def run() -> None:
        raise ExceptionGroup("both", [AWAY, ValueError()])

    with pytest.raises(ExceptionGroup):
        await run_source(run(), emitter)


async def test_a_cancelled_run_ends_before_the_call_does(emitter: Emitter) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    running = asyncio.create_task(run_source(run(), emitter))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert ended.is_set()
