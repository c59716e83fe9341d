"""Connections get a place as long as there is one; requests are let in as long as they are answered in time."""

from math import inf

import pytest

from router.api import Reason
from router.config.limits import LimitSettings
from router.ingress.admission import Admission, Places, make_admission, make_places


def test_no_address_takes_more_than_its_places_and_all_together_no_more_than_there_are() -> None:
    places = Places(total=5, per_address=2)

    found = [places.enter(address) for address in ("a", "a", "a", "b", "b", "c", "d")]

    assert found == [None, None, Reason.TOO_MANY_CONNECTIONS, None, None, None, Reason.OVERLOADED]


def test_a_place_that_is_left_is_free_again() -> None:
    places = Places(total=1, per_address=1)
    for _ in range(100):
        assert places.enter("2001:db8::1") is None
        assert places.enter("2001:db8::2") is Reason.TOO_MANY_CONNECTIONS
        assert places.enter("192.0.2.1") is Reason.OVERLOADED
        places.leave("2001:db8::1")

    assert places.enter("192.0.2.1") is None


def test_processes_share_places_and_requests() -> None:
    limits = LimitSettings(max_connections=8, max_connections_per_address=4, max_in_flight=10)

    places, admission = make_places(limits, processes=4), make_admission(limits, processes=4, now=0)

    assert [places.enter(address) for address in "aabc"] == [None, Reason.TOO_MANY_CONNECTIONS, None, Reason.OVERLOADED]
    assert admission.limit == 2


def let_in(admission: Admission, offered: int) -> int:
    return sum(admission.enter() is None for _ in range(offered))


def test_no_more_requests_are_let_in_than_may_be_in_flight() -> None:
    admission = Admission(3, target_seconds=1, now=0)

    assert let_in(admission, 10) == 3
    admission.leave(0.1)
    assert let_in(admission, 10) == 1


def test_a_queue_that_stands_lets_fewer_in_and_then_more_again() -> None:
    admission = Admission(1_000, target_seconds=1, now=0)
    limits = []
    for interval in range(60):
        seconds = 3.0 if interval < 30 else 0.1
        for _ in range(let_in(admission, 2_000)):
            admission.leave(seconds)
        admission.adjust(now=float(interval), lag=0)
        limits.append(admission.limit)

    assert limits[0] == 700
    assert limits[29] == 32
    assert limits[-1] == 1_000


def test_a_fast_request_among_slow_ones_shows_that_no_queue_stands() -> None:
    admission = Admission(1_000, target_seconds=1, now=0)
    let_in(admission, 3)
    for seconds in (5, 0.5, 9):
        admission.leave(seconds)

    admission.adjust(now=10, lag=0)

    assert admission.limit == 1_000


def test_requests_refused_without_kafka_do_not_hide_that_it_is_slow() -> None:
    admission = Admission(1_000, target_seconds=1, now=0)
    let_in(admission, 2)
    admission.leave(inf)
    admission.leave(3)

    admission.adjust(now=3, lag=0)

    assert admission.limit < 1_000


@pytest.mark.parametrize(("stood", "expected"), [(0.9, 1_000), (1.1, 350)])
def test_requests_of_which_none_ends_are_a_queue(stood: float, expected: int) -> None:
    """The first request comes long after the one before, which does not make it late."""
    admission = Admission(1_000, target_seconds=1, now=0)
    admission.adjust(now=100, lag=0)
    let_in(admission, 500)

    admission.adjust(now=100 + stood, lag=0)

    assert admission.limit == expected


def test_an_event_loop_that_is_late_lets_fewer_in() -> None:
    admission = Admission(1_000, target_seconds=1, now=0)

    admission.adjust(now=5, lag=4)

    assert admission.limit == 32
