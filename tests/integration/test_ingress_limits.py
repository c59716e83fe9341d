"""The limits of the ingress port: what exceeds one is refused with its own status and reason, and counted."""

import asyncio
import json
import socket

import pytest

from router.api import Reason
from router.config.limits import LimitSettings, RateSettings
from router.ingress import connection
from router.ingress.rates import Quota, Rate
from tests.integration.ingress_port import GOOD, Port, exchange, open_port, raw, status

FORGED = b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nforged"
FIELD = b"A: " + b"b" * 1_000 + b"\r\n"


def reason(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["reason"])


def fields(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


def head(*lines: bytes, target: bytes = b"/hooks", version: bytes = b"1.1") -> bytes:
    return b"\r\n".join([b"POST " + target + b" HTTP/" + version, b"Host: x", *lines, b"Content-Length: 2", b"", b"ok"])


async def ask(port: Port, data: bytes, address: str = "127.0.0.1") -> bytes:
    """The answer to one request on a connection of its own, from the address."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port.number, local_addr=(address, 0))
    writer.write(data)
    async with asyncio.timeout(5):
        found = await reader.readuntil(b"\r\n\r\n")
        found += await reader.readexactly(int(fields(found)["Content-Length"]))
    writer.close()
    return found


@pytest.mark.parametrize(
    ("data", "expected", "why"),
    [
        (head(*[b"A: b"] * 99), 431, Reason.HEAD_TOO_LARGE),
        (head(b"A: " + b"b" * 9_000), 431, Reason.HEAD_TOO_LARGE),
        (head(b"A" * 9_000 + b": b"), 431, Reason.HEAD_TOO_LARGE),
        (head(*[FIELD.strip()] * 70), 431, Reason.HEAD_TOO_LARGE),
        (b"POST /hooks HTTP/1.1\r\nHost: x\r\n" + FIELD * 90, 431, Reason.HEAD_TOO_LARGE),
        (
            b"POST /hooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 200,
            431,
            Reason.HEAD_TOO_LARGE,
        ),
        (head(target=b"/" + b"h" * 9_000), 414, Reason.TARGET_TOO_LONG),
        (head(target=b"/hooks?" + b"q" * 9_000), 414, Reason.TARGET_TOO_LONG),
        (head(target=b"/hooks\x00"), 400, Reason.PAYLOAD_MALFORMED),
        (head(target=b"/ho oks"), 400, Reason.PAYLOAD_MALFORMED),
        (head().replace(b"h: 2", b"h: 99999999999"), 413, Reason.PAYLOAD_TOO_LARGE),
        (head().replace(b"h: 2", b"h: 99999999999999999999999"), 400, Reason.PAYLOAD_MALFORMED),
        (head(b"Expect: 100-continue").replace(b"h: 2", b"h: 10001"), 413, Reason.PAYLOAD_TOO_LARGE),
    ],
)
async def test_a_request_that_is_too_large_is_refused_and_the_connection_closed(
    data: bytes, expected: int, why: Reason
) -> None:
    async with open_port() as port:
        answer, closed = await exchange(port, data)

    assert (status(answer), reason(answer), closed) == (expected, why, True)
    assert port.sender.requests == []
    assert [refused for _, refused in port.sender.refused] == [why]


@pytest.mark.parametrize(
    "data",
    [
        head(*[b"A: b"] * 98),
        head(b"A: " + b"b" * 8_000),
        head(*[FIELD.strip()] * 64),
        head(target=b"/hooks?" + b"q" * 8_000),
        head(version=b"1.0"),
        head(b'Cookie: =;;\x80\xff; a="; ='),
    ],
)
async def test_what_is_just_within_the_limits_is_taken(data: bytes) -> None:
    async with open_port() as port:
        answer = await raw(port, data)

    assert status(answer) == 202


async def test_bad_cookies_fill_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async with open_port() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
        writer.write(head(b'Cookie: =;;\x80\xff; a="; =') * 5_000)
        async with asyncio.timeout(60):
            answers = [await reader.readuntil(b"}") for _ in range(5_000)]
        writer.close()

    assert all(b" 202 " in answer for answer in answers)
    assert caplog.records == []


async def test_a_body_that_trickles_is_given_up_and_a_faster_one_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """At least 1,000 bytes a second, over half a second here."""
    monkeypatch.setattr(connection, "_PACE_SECONDS", 0.5)
    body = b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n"

    async with open_port(LimitSettings(body_seconds=30)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
        slow = asyncio.create_task(exchange(port, body + b"s" * 9_000, wait=10, pause=0.01))
        writer.write(body)
        for _ in range(90):
            writer.write(b"f" * 100)
            await asyncio.sleep(0.015)
        async with asyncio.timeout(5):
            fast = await reader.readuntil(b"}")
        writer.close()
        answer, closed = await slow

    assert (status(answer), reason(answer), closed) == (408, Reason.REQUEST_TIMEOUT, True)
    assert status(fast) == 202
    assert [request.body for request in port.sender.requests] == [b"f" * 9_000]


async def test_who_reads_no_answers_is_cut_off_before_they_fill_the_memory() -> None:
    async with open_port(LimitSettings(answer_seconds=0.5)) as port:
        sender = socket.create_connection(("127.0.0.1", port.number))
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        sender.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(60):
                with pytest.raises(ConnectionError):
                    await loop.sock_sendall(sender, GOOD * 2_000_000)
        finally:
            sender.close()

    assert 0 < len(port.sender.requests) < 200_000


async def test_who_is_silent_between_requests_is_closed_after_the_idle_time() -> None:
    async with open_port(LimitSettings(idle_seconds=0.5)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
        writer.write(GOOD)
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()

    assert status(answer) == 202
    assert port.sender.refused == []


def endpoint_quota(requests: int, seconds: int) -> Quota:
    return Quota(Rate("endpoint", RateSettings(requests=requests, seconds=seconds), 1))


async def test_an_endpoint_takes_its_rate_of_verified_requests_and_tells_what_is_left() -> None:
    """Forged ones do not use it up, nor learn of it."""
    async with open_port(quotas=(endpoint_quota(2, 100),)) as port:
        answers = [await ask(port, data) for data in (FORGED, FORGED, FORGED, GOOD, GOOD, GOOD, FORGED)]

    assert [status(answer) for answer in answers] == [401, 401, 401, 202, 202, 429, 401]
    assert [fields(answer).get("RateLimit-Policy") for answer in answers[2:]] == [
        None,
        *['"endpoint";q=2;w=100'] * 3,
        None,
    ]
    assert [fields(answer)["RateLimit"] for answer in answers[3:6]] == [
        '"endpoint";r=1;t=50',
        '"endpoint";r=0;t=100',
        '"endpoint";r=0;t=100',
    ]
    assert fields(answers[5])["Retry-After"] == "50"
    assert reason(answers[5]) == Reason.RATE_LIMITED
    assert port.sender.refused.count(("hooks", Reason.RATE_LIMITED)) == 1
    assert len(port.sender.parents) == 2


async def test_an_address_has_its_rate_whatever_it_asks_for_and_others_have_theirs() -> None:
    limits = LimitSettings(address_rate=RateSettings(requests=2, seconds=100))
    async with open_port(limits) as port:
        for data in (GOOD, FORGED):
            await ask(port, data)
        known = await ask(port, GOOD)
        unknown = await ask(port, GOOD.replace(b"/hooks", b"/other"))
        others = await ask(port, GOOD, address="127.0.0.2")

    assert status(others) == 202
    assert fields(others)["RateLimit"] == '"address";r=1;t=50'
    assert (status(known), status(unknown)) == (429, 429)
    alike = ("RateLimit", "RateLimit-Policy", "Retry-After", "Content-Length")
    assert [fields(known)[name] for name in alike] == [fields(unknown)[name] for name in alike]
    assert port.sender.refused[1:] == [("hooks", Reason.RATE_LIMITED), ("(unknown)", Reason.RATE_LIMITED)]


async def test_one_address_cannot_take_all_connections() -> None:
    async with open_port(LimitSettings(max_connections_per_address=2)) as port:
        held = [await asyncio.open_connection("127.0.0.1", port.number) for _ in range(2)]
        for _, writer in held:
            writer.write(GOOD[:20])
        refused, closed = await exchange(port, b"")
        other = await ask(port, GOOD, address="127.0.0.2")
        for reader, writer in held:
            writer.write(GOOD[20:])
            assert status(await reader.readuntil(b"}")) == 202
            writer.close()

    assert (status(refused), reason(refused), closed) == (429, Reason.TOO_MANY_CONNECTIONS, True)
    assert "Retry-After" in fields(refused)
    assert status(other) == 202
    assert port.sender.refused == [("(unknown)", Reason.TOO_MANY_CONNECTIONS)]


async def test_a_connection_that_ends_leaves_its_place() -> None:
    async with open_port(LimitSettings(max_connections=1, max_connections_per_address=1)) as port:
        for _ in range(20):
            assert status(await ask(port, head(b"Connection: close"))) == 202
            async with asyncio.timeout(5):
                while status(await raw(port, head(b"Connection: close"))) != 202:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)


async def test_idle_connections_make_room_and_busy_ones_do_not() -> None:
    async with open_port(LimitSettings(max_connections=3)) as port:
        held = [await asyncio.open_connection("127.0.0.1", port.number) for _ in range(3)]
        held[1][1].write(GOOD[:20])
        assert status(await ask(port, head(b"Connection: close"))) == 202
        async with asyncio.timeout(5):
            assert await held[0][0].read() == b""
        for _, writer in held[1:]:
            writer.write(GOOD[:20])
        third = await asyncio.open_connection("127.0.0.1", port.number)
        third[1].write(GOOD[:20])
        await asyncio.sleep(0.1)
        refused, closed = await exchange(port, GOOD)
        for reader, writer in held[2:]:
            writer.write(GOOD[20:])
            assert status(await reader.readuntil(b"}")) == 202
        for _, writer in [*held, third]:
            writer.close()

    assert (status(refused), reason(refused), closed) == (503, Reason.OVERLOADED, True)


async def test_more_requests_than_may_wait_are_refused_unseen_and_at_once() -> None:
    async with open_port(LimitSettings(max_in_flight=2)) as port:
        port.sender.publish_seconds = 1
        waiting = [asyncio.create_task(ask(port, GOOD)) for _ in range(2)]
        async with asyncio.timeout(5):
            while len(port.sender.requests) < 2:  # noqa: ASYNC110  the server handles them in this very loop
                await asyncio.sleep(0.01)
        refused = [await ask(port, data) for data in (GOOD, FORGED, GOOD.replace(b"/hooks", b"/other"))]
        answered = [status(await one) for one in waiting]
        port.sender.publish_seconds = 0
        after = await ask(port, GOOD)

    assert [(status(answer), reason(answer)) for answer in refused] == [(503, Reason.OVERLOADED)] * 3
    assert all("Retry-After" in fields(answer) for answer in refused)
    assert answered == [202, 202]
    assert status(after) == 202
    assert {why for _, why in port.sender.refused} == {Reason.OVERLOADED}


async def test_bodies_that_wait_for_their_rest_cannot_fill_the_memory() -> None:
    """The two that fit go on; what is refused or ended gives its bytes back."""
    begun = b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n" + b"b" * 8_000
    async with open_port() as port:
        port.server.max_held_bytes = 20_000
        held = [await asyncio.open_connection("127.0.0.1", port.number) for _ in range(2)]
        for _, writer in held:
            writer.write(begun)
        async with asyncio.timeout(5):
            while port.server.held_bytes < 16_000:  # noqa: ASYNC110  the server reads in this very loop
                await asyncio.sleep(0.01)
        refused, closed = await exchange(port, begun)
        for reader, writer in held:
            writer.write(b"b" * 1_000)
            assert status(await reader.readuntil(b"}")) == 202
            writer.close()
        _, gone = await asyncio.open_connection("127.0.0.1", port.number)
        gone.write(begun)
        gone.close()
        async with asyncio.timeout(5):
            while port.server.held_bytes:  # noqa: ASYNC110  as above
                await asyncio.sleep(0.01)

    assert (status(refused), reason(refused), closed) == (503, Reason.OVERLOADED, True)


async def test_what_follows_a_refused_request_is_not_looked_at() -> None:
    """Nor what is read while the one before is handled."""
    async with open_port() as port:
        port.sender.publish_seconds = 0.2
        reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
        writer.write(GOOD + b"nonsense\r\n\r\n")
        await asyncio.sleep(0.1)
        writer.write(GOOD * 3)
        async with asyncio.timeout(5):
            answers = await reader.read()
        writer.close()

    assert answers.count(b"HTTP/1.1 ") == 2
    assert (answers.count(b" 202 "), answers.count(b" 400 ")) == (1, 1)
    assert port.sender.refused == [("(unknown)", Reason.PAYLOAD_MALFORMED)]
