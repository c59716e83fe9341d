"""Who has sent a request: through proxies, and across origins; and how the port goes out of service."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from router.api import Peer, Reason
from router.config.front import CorsSettings, ForwardedHeaders
from router.config.models import IngressSettings
from router.ingress.observer import UNKNOWN_ENDPOINT
from router.ingress.server import Endpoint, IngressServer
from tests.integration.ingress_port import GOOD, Observer, Port, Sender, exchange, raw, status

LOOPBACK = (ip_network("127.0.0.0/8"),)
STRANGERS = (ip_network("192.0.2.0/24"),)


@asynccontextmanager
async def opened(settings: IngressSettings) -> AsyncIterator[Port]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    sender = Sender()
    settings = settings.model_copy(update={"port": number})
    server = IngressServer(settings, [Endpoint("hooks", "/hooks", sender, sender.publish)], Observer(sender))
    await server.start()
    try:
        yield Port(number, sender, server)
    finally:
        await server.stop()


async def test_the_proxys_header_tells_the_sender() -> None:
    async with opened(IngressSettings(proxy_protocol=True, trusted_proxies=LOOPBACK)) as port:
        answer = await raw(port, b"PROXY TCP4 203.0.113.5 10.0.0.1 1 2\r\n" + GOOD)

    assert status(answer) == 202
    assert port.sender.requests[0].peer == Peer("203.0.113.5")


async def test_a_header_may_come_byte_by_byte() -> None:
    async with opened(IngressSettings(proxy_protocol=True, trusted_proxies=LOOPBACK)) as port:
        answer, _ = await exchange(port, b"PROXY TCP4 203.0.113.5 10.0.0.1 1 2\r\n" + GOOD, pause=0.001)

    assert status(answer) == 202
    assert port.sender.requests[0].peer == Peer("203.0.113.5")


@pytest.mark.parametrize("data", [GOOD, b"PROXY TCP4 203.0.113.500 10.0.0.1 1 2\r\n" + GOOD])
async def test_what_is_no_header_closes_the_connection(data: bytes) -> None:
    async with opened(IngressSettings(proxy_protocol=True, trusted_proxies=LOOPBACK)) as port:
        found = await exchange(port, data)

    assert found == (b"", True)
    assert port.sender.refused == [(UNKNOWN_ENDPOINT, Reason.PAYLOAD_MALFORMED)]


async def test_a_stranger_may_not_play_the_proxy() -> None:
    async with opened(IngressSettings(proxy_protocol=True, trusted_proxies=STRANGERS)) as port:
        found = await exchange(port, b"PROXY TCP4 203.0.113.5 10.0.0.1 1 2\r\n" + GOOD)

    assert found == (b"", True)
    assert port.sender.requests == []


@pytest.mark.parametrize(
    ("trusted", "expected"), [(LOOPBACK, Peer("203.0.113.5", "https", "a.example")), (STRANGERS, Peer("127.0.0.1"))]
)
async def test_only_trusted_proxies_are_believed(trusted: tuple[object, ...], expected: Peer) -> None:
    forged = b"X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a.example\r\n"
    settings = IngressSettings.model_validate(
        {"forwarded_headers": ForwardedHeaders.X_FORWARDED, "trusted_proxies": trusted}
    )
    async with opened(settings) as port:
        await raw(port, GOOD.replace(b"Host: x\r\n", b"Host: x\r\n" + forged))

    assert port.sender.requests[0].peer == expected


def plain(answer: bytes) -> bytes:
    """The answer without what differs from one request to the next."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith((b"Date:", b"traceparent:"))]
    return b"\n".join([*lines, body.partition(b'"trace_id"')[0]])


@pytest.mark.parametrize("method", [b"POST", b"GET", b"PUT"])
async def test_an_unknown_path_and_a_forged_signature_are_answered_alike(method: bytes) -> None:
    request = method + b" /hooks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6\r\n\r\nforged"
    async with opened(IngressSettings()) as port:
        known, unknown = await raw(port, request), await raw(port, request.replace(b"/hooks", b"/other"))

    assert plain(known) == plain(unknown)


@pytest.mark.parametrize("path", [b"/hooks", b"/other"])
async def test_a_preflight_is_answered_alike_for_every_path(path: bytes) -> None:
    asked = b"Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\nConnection: close\r\n\r\n"
    async with opened(IngressSettings(cors=CorsSettings(origins=("https://shop.example",)))) as port:
        answer = await raw(port, b"OPTIONS " + path + b" HTTP/1.1\r\nHost: x\r\n" + asked)

    assert status(answer) == 200
    assert b"\r\nAccess-Control-Allow-Origin: https://shop.example\r\n" in answer


async def test_a_port_that_stops_answers_the_request_that_is_on_its_way() -> None:
    async with opened(IngressSettings()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
        idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", port.number)
        writer.write(GOOD[:-1])
        await raw(port, GOOD)  # by now the server has read what came before
        stopping = asyncio.create_task(port.server.stop())

        assert await idle_reader.read() == b""
        writer.write(GOOD[-1:])
        answer = await reader.read()
        await stopping
        writer.close()
        idle_writer.close()

    assert status(answer) == 202
    assert b"\r\nConnection: close\r\n" in answer


async def test_a_request_under_way_finishes_with_the_endpoint_that_it_has_come_to() -> None:
    async with opened(IngressSettings()) as port:
        port.sender.publish_seconds = 0.3
        before = asyncio.create_task(raw(port, GOOD))
        while not port.sender.requests:  # noqa: ASYNC110  the receiver has no event
            await asyncio.sleep(0.01)

        port.server.serve([])

        assert status(await raw(port, GOOD, 1)) == 401
        assert status(await before) == 202
