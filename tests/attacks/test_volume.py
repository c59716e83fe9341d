"""Rows 40 to 42: a million small things cost a bounded time and little memory, and silence ends."""

import time
import tracemalloc

import pytest

from tests.attacks.answers import parse
from tests.attacks.gateway import Gateway

HEAD = b"POST /hooks/addresses HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MILLION = 1_000_000


@pytest.mark.parametrize(
    ("name", "data", "statuses"),
    [
        ("chunks", CHUNKED + b"1\r\nx\r\n" * MILLION + b"0\r\n\r\n", (202, 408)),
        ("trailers", CHUNKED + b"0\r\n" + b"A: b\r\n" * MILLION + b"\r\n", (431,)),
        ("fields", HEAD + b"A: b\r\n" * MILLION + b"\r\n", (431,)),
        ("bytes of a chunk's extension", CHUNKED + b"1;" + b"a" * MILLION * 5 + b"\r\nx\r\n0\r\n\r\n", (202,)),
        ("bytes of a field", HEAD + b"A: " + b"b" * MILLION * 5 + b"\r\n\r\n", (431,)),
        ("empty lines", b"\r\n" * MILLION + HEAD + b"Content-Length: 0\r\n\r\n", (431,)),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_million_of_them_is_bounded(gateway: Gateway, name: str, data: bytes, statuses: tuple[int, ...]) -> None:
    """With memory traced it may take longer than the gateway allows a body."""
    tracemalloc.start(1)
    started = time.process_time()
    answers = parse(gateway.exchange(data))
    seconds = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(answers) == 1
    assert answers[0].status in statuses
    assert seconds < 20
    assert peak < 60_000_000


def test_ten_thousand_requests_at_once_are_answered_one_by_one(gateway: Gateway) -> None:
    """Row 41."""
    request = HEAD + b"Content-Length: 2\r\n\r\nok"
    last = HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok"

    answers = parse(gateway.exchange(request * 3_000 + last, half_close=False))

    assert [answer.status for answer in answers] == [202] * 3_001


def test_a_body_that_was_asked_for_and_never_comes_is_given_up(gateway: Gateway) -> None:
    """Row 42; the gateway allows five seconds."""
    started = time.monotonic()

    text = gateway.exchange(HEAD + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n", half_close=False)

    assert [answer.status for answer in parse(text)] == [100, 408]
    assert time.monotonic() - started < 8
