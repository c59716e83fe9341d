"""The HTTP sink against real receivers on loopback."""

import asyncio
import socket
from pathlib import Path

import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook

from router.api import ConnectorError, Reason
from sinks.http import connector
from sinks.http.sink import open_sink
from tests.integration.authority import Authority
from tests.integration.http_endpoint import answering, config, failure, no_content, read_request, receiver, speaker
from tests.unit.sinks.examples import SIGNING_SECRET, batch, event, secret


async def test_an_event_arrives_to_the_byte_and_verifiably() -> None:
    received: list[tuple[bytes, dict[str, str], str]] = []

    async def receive(request: web.Request) -> web.Response:
        received.append((await request.read(), dict(request.headers), request.raw_path))
        return web.Response(status=202, text="thanks")

    body = b'{"name": "Gr\xc3\xbc\xc3\x9fe",  "n": 1.0}'
    async with receiver(receive) as url, connector.open(config(f"{url}?a=%2F&b", headers={"X-Team": "a"}), "s") as sink:
        duplicates = await sink.write(batch([event(1, subject="a b", data=body)], 0))

    [(got, headers, path)] = received
    assert (duplicates, got, path) == (0, body, "/in?a=%2F&b")
    assert Webhook(SIGNING_SECRET).verify(got, headers)["n"] == 1.0
    lower = {name.lower(): value for name, value in headers.items()}
    assert (lower["ce-id"], lower["ce-subject"], lower["x-team"]) == ("e1", "a%20b", "a")
    assert lower["content-type"] == "application/json"
    assert not {"user-agent", "accept", "accept-encoding", "cookie"} & lower.keys()


async def test_a_repetition_carries_the_same_keys() -> None:
    received: list[tuple[str, str]] = []

    async def receive(request: web.Request) -> web.Response:
        received.append((request.headers["webhook-id"], request.headers["idempotency-key"]))
        return web.Response(status=500 if len(received) == 1 else 204)

    async with receiver(receive) as url, open_sink(config(url), "s") as sink:
        await failure(sink)
        await sink.write(batch([event(1)], 0))

    assert received[0] == received[1]


@pytest.mark.parametrize("body", [b"", b"x" * 2_000_000, bytes(range(256))])
async def test_any_body_arrives_whole(body: bytes) -> None:
    received: list[bytes] = []

    async def receive(request: web.Request) -> web.Response:
        received.append(await request.read())
        return web.Response(status=204)

    async with receiver(receive) as url, open_sink(config(url), "s") as sink:
        await sink.write(batch([event(1, data=body)], 0))

    assert received == [body]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    paths: list[str] = []

    async def receive(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=status, headers={"location": "/elsewhere"})

    async with receiver(receive) as url, open_sink(config(url), "s") as sink:
        error = await failure(sink)

    assert error.reason is Reason.TARGET_REDIRECTED
    assert paths == ["/in"]


async def test_retry_after_is_handed_on() -> None:
    async def receive(_request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "17"})

    async with receiver(receive) as url, open_sink(config(url), "s") as sink:
        error = await failure(sink)

    assert (error.reason, error.retry_after_seconds) == (Reason.RATE_LIMITED, 17.0)


async def test_connections_are_kept_and_cookies_are_not() -> None:
    peers: set[object] = set()
    cookies: list[str | None] = []

    async def receive(request: web.Request) -> web.Response:
        peers.add(request.transport.get_extra_info("peername") if request.transport else None)
        cookies.append(request.headers.get("cookie"))
        return web.Response(status=200, text="x" * 1000, headers={"set-cookie": "a=b"})

    async with receiver(receive) as url, open_sink(config(url), "s") as sink:
        for number in range(20):
            await sink.write(batch([event(number)], number))

    assert len(peers) == 1
    assert set(cookies) == {None}


async def test_a_process_has_no_more_requests_under_way_than_configured() -> None:
    under_way, most = 0, 0

    async def receive(_request: web.Request) -> web.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return web.Response(status=204)

    async with receiver(receive) as url, open_sink(config(url, max_in_flight=5), "s") as sink:
        await asyncio.gather(*(sink.write(batch([event(number)], number)) for number in range(40)))

    assert most == 5


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    sent = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
                sent += 65_536
        except ConnectionError:
            return

    async with speaker(script) as url, open_sink(config(url), "s") as sink:
        await asyncio.wait_for(sink.write(batch([event(1)], 0)), 5)
        await asyncio.sleep(0.1)

    assert sent < 50_000_000


@pytest.mark.parametrize(("size", "connections"), [(1_000_000, 1), (1_100_000, 3)])
async def test_a_connection_is_kept_if_the_answer_is_not_too_large(size: int, connections: int) -> None:
    peers: set[object] = set()

    async def receive(request: web.Request) -> web.Response:
        peers.add(request.transport.get_extra_info("peername") if request.transport else None)
        return web.Response(body=b"x" * size)

    async with receiver(receive) as url, open_sink(config(url), "s") as sink:
        for number in range(3):
            await sink.write(batch([event(number)], number))

    assert len(peers) == connections


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nuntil the connection ends",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
        b"HTTP/1.1 204\r\n\r\n",
    ],
)
async def test_an_answer_in_any_framing_is_understood(answer: bytes) -> None:
    async with speaker(answering(answer)) as url, open_sink(config(url), "s") as sink:
        for number in range(3):
            await asyncio.wait_for(sink.write(batch([event(number)], number)), 5)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_no_acceptance(answer: bytes) -> None:
    async with speaker(answering(answer)) as url, open_sink(config(url), "s") as sink:
        error = await asyncio.wait_for(failure(sink), 5)

    assert error.error_class == "TRANSIENT_TARGET"


async def test_a_receiver_that_hangs_is_given_up_in_time() -> None:
    async def receive(_request: web.Request) -> web.Response:
        await asyncio.sleep(10)
        return web.Response(status=204)

    async with receiver(receive) as url, open_sink(config(url, timeout_seconds=0.3), "s") as sink:
        error = await asyncio.wait_for(failure(sink), 2)

    assert error.reason is Reason.TARGET_TIMEOUT


async def test_a_receiver_that_answers_drop_by_drop_is_given_up_in_time() -> None:
    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    async with speaker(script) as url, open_sink(config(url, timeout_seconds=0.3), "s") as sink:
        error = await asyncio.wait_for(failure(sink), 2)

    assert error.reason is Reason.TARGET_TIMEOUT


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
async def test_a_receiver_that_is_not_there_is_unreachable(host: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with open_sink(config(f"http://{host}:{taken.getsockname()[1]}/"), "s") as sink:
            error = await failure(sink)

    assert error.reason is Reason.TARGET_UNREACHABLE


async def test_a_cancelled_write_leaves_the_sink_usable() -> None:
    async def receive(request: web.Request) -> web.Response:
        if request.headers["ce-id"] == "e1":
            await asyncio.sleep(10)
        return web.Response(status=204)

    async with receiver(receive) as url, open_sink(config(url, max_in_flight=1), "s") as sink:
        write = asyncio.create_task(sink.write(batch([event(1)], 0)))
        await asyncio.sleep(0.1)

        write.cancel()
        await asyncio.wait([write])

        assert write.cancelled()
        assert await asyncio.wait_for(sink.write(batch([event(2)], 1)), 2) == 0


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async with receiver(no_content) as url, open_sink(config(url), "s") as sink:
        assert await sink.write(batch([event(1)], 0)) == 0


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    received: list[str] = []

    async def receive(request: web.Request) -> web.Response:
        received.append(request.path)
        return web.Response(status=204)

    authority = Authority(tmp_path)
    server = authority.server(authority.issue("shop.example"))
    async with receiver(receive, server) as url, open_sink(config(url), "s") as sink:
        error = await failure(sink)

    assert error.reason is Reason.TARGET_UNREACHABLE
    assert received == []


async def test_a_secret_that_cannot_sign_stops_the_sink_before_it_starts() -> None:
    with pytest.raises(ConnectorError) as caught:
        async with open_sink(config("http://127.0.0.1:1/", signing_secret=secret("hunter2")), "s"):
            pass

    assert caught.value.reason is Reason.SECRET_UNUSABLE
    assert "hunter2" not in str(caught.value)
