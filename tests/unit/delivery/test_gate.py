"""Who may call a target now: breaker, concurrency and pace, and the queue before them."""

import asyncio
from math import inf

import pytest

from router.api import ConnectorError, Reason
from router.delivery.backoff import Backoff
from router.delivery.breaker import Breaker
from router.delivery.concurrency import Concurrency
from router.delivery.gate import Gate
from router.delivery.pace import Pace
from tests.unit.delivery.doubles import until

AWAY = ConnectorError(Reason.TARGET_UNREACHABLE, "as the script says")


class Fixed(Backoff):
    """Without chance: 1, 2, 4 … seconds."""

    def of(self, attempt: int, retry_after_seconds: float | None) -> float:
        return float(2 ** (attempt - 1)) if retry_after_seconds is None else retry_after_seconds


def breaker(failures: int = 3) -> Breaker:
    return Breaker(Fixed(1, 100), failures)


def fail(one: Breaker, now: float, times: int = 1) -> None:
    for _ in range(times):
        one.failed(now, probe=one.enter(), retry_after_seconds=None)


def test_a_breaker_opens_after_so_many_failures_in_a_row() -> None:
    one = breaker()

    fail(one, 10, 2)
    one.succeeded(probe=one.enter())
    fail(one, 10, 2)
    assert one.seconds(10) == 0
    fail(one, 10)

    assert one.is_open
    assert (one.seconds(10), one.seconds(10.5), one.seconds(11)) == (1, 0.5, 0)


def test_an_open_breaker_lets_one_call_through_whose_outcome_decides() -> None:
    one = breaker()
    fail(one, 10, 3)

    probe = one.enter()
    assert probe
    assert one.seconds(11) == inf
    one.failed(11, probe=probe, retry_after_seconds=None)
    assert one.seconds(11) == 2
    one.succeeded(probe=one.enter())

    assert one.seconds(11) == 0


def test_late_answers_of_earlier_calls_do_not_decide() -> None:
    one = breaker()
    fail(one, 10, 3)
    probe = one.enter()

    one.succeeded(probe=False)
    one.failed(11, probe=False, retry_after_seconds=None)

    assert one.seconds(11) == inf
    one.abandoned(probe=probe)
    assert one.seconds(11) == 0


def test_a_breaker_opens_at_once_for_as_long_as_the_target_asks() -> None:
    one = breaker()

    one.failed(10, probe=one.enter(), retry_after_seconds=30)

    assert one.seconds(10) == 30


def test_concurrency_is_halved_by_overload_once_for_calls_of_the_same_time_and_grows_by_one_a_round() -> None:
    one = Concurrency()
    for _ in range(8):
        one.enter()
    assert one.limit == inf

    one.overloaded(10)
    one.overloaded(10.1)
    assert one.limit == 4
    for _ in range(5):
        one.leave()
    for _ in range(4):
        one.succeeded()

    assert one.has_room
    assert 4.8 < one.limit <= 5


def test_concurrency_is_free_again_beyond_what_it_was() -> None:
    one = Concurrency()
    for _ in range(4):
        one.enter()
    one.overloaded(10)

    for _ in range(50):
        one.succeeded()

    assert one.limit == inf


def test_a_pace_holds_over_batches_of_any_size() -> None:
    one = Pace(10, now=0)

    one.take(25)
    assert one.seconds(0) == pytest.approx(1.5, abs=0.01)
    assert one.seconds(1) == pytest.approx(0.5, abs=0.01)
    assert one.seconds(1.51) == 0


async def test_calls_pass_in_the_order_in_which_they_came() -> None:
    gate = Gate(breaker(), Concurrency(), None, lambda _: None)
    passed: list[int] = []

    async def call(number: int) -> None:
        probe = await gate.turn(1)
        passed.append(number)
        await asyncio.sleep(0)
        gate.succeeded(probe)

    first = [gate.enter(1), gate.enter(1)]
    for probe in first:
        gate.failed(probe, AWAY)
    probe = gate.enter(1)
    assert not gate.is_open
    calls = [asyncio.create_task(call(number)) for number in range(5)]
    await asyncio.sleep(0.01)
    assert passed == []
    calls[2].cancel()
    gate.succeeded(probe)
    await asyncio.gather(*calls, return_exceptions=True)

    assert passed == [0, 1, 3, 4]


async def test_while_a_target_is_away_it_is_tried_by_one_call_at_a_time() -> None:
    told: list[bool] = []
    gate = Gate(Breaker(Backoff(0.001, 0.004), failures=3), Concurrency(), None, told.append)
    calls = at_once = most = 0
    mended = False

    async def deliver() -> None:
        nonlocal calls, at_once, most
        while True:
            probe = gate.enter(1) if gate.is_open else await gate.turn(1)
            calls += 1
            at_once += 1
            most = max(most, at_once if calls > 20 and not mended else 0)
            await asyncio.sleep(0.001)
            at_once -= 1
            if mended:
                gate.succeeded(probe)
                return
            gate.failed(probe, AWAY)

    tasks = [asyncio.create_task(deliver()) for _ in range(20)]
    await until(lambda: calls >= 40)
    mended = True
    await asyncio.gather(*tasks)

    assert most == 1
    assert told == [True, False]


async def test_what_is_the_records_fault_is_an_answer_of_the_target() -> None:
    gate = Gate(breaker(), Concurrency(), None, lambda _: None)
    for _ in range(3):
        gate.failed(gate.enter(1), ConnectorError(Reason.TARGET_UNREACHABLE, "away", retry_after_seconds=0.001))
    probe = await gate.turn(1)

    gate.failed(probe, ConnectorError(Reason.TARGET_REJECTED, "no"))

    assert gate.is_open
