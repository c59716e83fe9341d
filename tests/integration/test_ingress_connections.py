"""Malformed, slow and vanishing connections to the ingress port: each is answered or cut off, and never with a 5xx."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.api import Reason
from tests.integration.ingress_port import GOOD, LIMIT, Port, exchange, open_port, raw, status


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    async with open_port() as opened:
        yield opened


@pytest.mark.parametrize(
    "head",
    [
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokX\r\n0\r\n\r\n",
        b"POST /hooks HTTP/1.1\r\nContent-Length: 2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nHost: x\r\nContent-Length: 2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\nHost: x\nContent-Length: 2\n\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\nContent-Length: 2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nAuthorization: canary\x00\r\nContent-Length: 2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 0_2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\nContent-Length: 2\r\n\r\nok",
        b"POST /hooks HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST * HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_a_malformed_head_is_refused_and_the_connection_closed(
    port: Port, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer and the log do not repeat what was sent, and it is counted once."""
    answer, closed = await exchange(port, head)

    assert status(answer) == 400
    assert closed
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["reason"] == "PAYLOAD_MALFORMED"
    assert b"canary" not in answer
    assert caplog.records == []
    assert (port.sender.requests, port.sender.failures) == ([], [])
    assert port.sender.refused == [("(unknown)", Reason.PAYLOAD_MALFORMED)]


HALF_A_BODY = b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"


@pytest.mark.parametrize(
    ("data", "pause", "expected", "endpoint"),
    [
        (b"", 0, 0, None),
        (b"POST /hooks HTTP/1.1\r\nHost:", 0, 408, "(unknown)"),
        (b"POST /hooks HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 90, 0.01, 408, "(unknown)"),
        (HALF_A_BODY, 0, 408, "hooks"),
        (HALF_A_BODY.replace(b"9", b"900") + b"x" * 800, 0.005, 408, "hooks"),
        (HALF_A_BODY.replace(b"half", b"").replace(b"x\r", b"x\r\nExpect: 100-continue\r"), 0, 408, "hooks"),
    ],
)
async def test_who_is_silent_or_slow_is_cut_off(
    port: Port, data: bytes, pause: float, expected: int, endpoint: str | None
) -> None:
    """The test's port allows a second each for head and body."""
    answer, closed = await exchange(port, data, wait=6, pause=pause)

    assert status(answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")) == expected
    assert closed
    assert port.sender.requests == []
    assert port.sender.refused == ([] if endpoint is None else [(endpoint, Reason.REQUEST_TIMEOUT)])


async def test_the_deadline_holds_for_the_next_head_of_a_connection_but_not_for_its_rest(port: Port) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
    for _ in range(2):
        writer.write(GOOD)
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 202")
        await asyncio.sleep(1.5)

    writer.write(GOOD[:30])
    async with asyncio.timeout(3):
        answer = await reader.read()
    writer.close()

    assert status(answer) == 408


async def test_requests_sent_together_are_answered_one_by_one(port: Port) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port.number)

    writer.write(GOOD * 500)
    async with asyncio.timeout(20):
        answers = [await reader.readuntil(b"}") for _ in range(500)]
    writer.close()

    assert all(b" 202 " in answer for answer in answers)
    assert len(port.sender.requests) == 500


async def test_a_body_in_many_pieces_is_put_together(port: Port) -> None:
    body = bytes(index % 251 for index in range(LIMIT))
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in body)

    answer = await raw(
        port, b"POST /hooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
    )

    assert status(answer) == 202
    assert port.sender.requests[0].body == body


async def test_a_sender_that_waits_to_be_asked_for_the_body_is_asked(port: Port) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port.number)

    writer.write(b"POST /hooks HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    async with asyncio.timeout(3):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ok")
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 202")
    writer.close()


@pytest.mark.parametrize("linger", [b"", struct.pack("ii", 1, 0)], ids=["closed", "reset"])
async def test_a_sender_that_leaves_is_no_error_of_ours(port: Port, linger: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port.number)
    writer.write(HALF_A_BODY)
    await asyncio.sleep(0.2)

    if linger:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
    await asyncio.sleep(0.3)

    assert (port.sender.failures, port.sender.requests) == ([], [])
    assert port.sender.refused == [("hooks", Reason.REQUEST_TIMEOUT)]


async def test_a_sender_that_leaves_before_the_answer_has_its_event_published(port: Port) -> None:
    port.sender.publish_seconds = 0.5
    _, writer = await asyncio.open_connection("127.0.0.1", port.number)
    writer.write(GOOD)
    await asyncio.sleep(0.2)

    writer.transport.abort()
    await asyncio.sleep(0.6)

    assert len(port.sender.parents) == 1
    assert port.sender.failures == []


FUZZED_HEADERS = st.dictionaries(
    st.sampled_from(["Content-Length", "Transfer-Encoding", "Content-Encoding", "Expect", "Host", "X", "Content-Type"]),
    st.one_of(
        st.sampled_from(["chunked", "gzip", "0", "5", "100-continue", "x", ""]),
        st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=20),
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from(["POST", "GET", "\x00", "PO ST"]), FUZZED_HEADERS, st.binary(max_size=50)),
        min_size=1,
        max_size=5,
    )
)
def test_no_request_gives_a_server_error(requests: list[tuple[str, dict[str, str], bytes]]) -> None:
    async def answers() -> list[int]:
        found = []
        async with open_port() as port:
            for method, headers, body in requests:
                lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                head = f"{method} /hooks HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
                found.append(status(await raw(port, head + body, wait=0.1)))
            assert port.sender.failures == []
        return found

    assert all(code < 500 for code in asyncio.run(answers()))
