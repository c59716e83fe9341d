"""What the ingress port answers: 2xx for what is durable, and for everything else its own status."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import http_parser

from router.api import ConnectorError, Reason
from router.config.models import IngressSettings
from router.ingress.server import IngressServer
from tests.integration.ingress_port import GOOD, LIMIT, Observer, Port, open_port, raw, status


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    async with open_port() as opened:
        yield opened


async def test_a_request_is_accepted_once_it_is_published(port: Port) -> None:
    async with aiohttp.ClientSession() as session, session.post(port.url + "?a=1", data=b"body") as response:
        answer = await response.json()

    assert (response.status, answer["accepted"]) == (202, 1)
    assert port.sender.requests[0].body == b"body"
    assert port.sender.parents[0] == response.headers["traceparent"]
    assert answer["trace_id"] in response.headers["traceparent"]


async def test_the_trace_of_the_sender_is_carried_on(port: Port) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with aiohttp.ClientSession() as session:
        for value in (parent, "00-0-0-0", "x"):
            async with session.post(port.url, data=b"body", headers={"traceparent": value}):
                pass

    known, *others = (sent[3:35] for sent in port.sender.parents)
    assert known == parent[3:35]
    assert all(len(other) == 32 and other != known for other in others)


async def test_an_unknown_path_and_a_bad_signature_are_answered_alike(port: Port) -> None:
    bodies = []
    async with aiohttp.ClientSession() as session:
        for url in (port.url, port.url + "x"):
            async with session.post(url, data=b"forged") as response:
                error = (await response.json())["error"]
                bodies.append((response.status, error["reason"], error["message"]))

    assert bodies[0] == bodies[1]
    assert bodies[0][0] == 401
    assert [reason for _, reason in port.sender.refused] == [Reason.SIGNATURE_MISMATCH, Reason.ENDPOINT_UNKNOWN]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.BROKER_TIMEOUT, 503),
        (Reason.QUEUE_FULL, 503),
        (Reason.PAYLOAD_TOO_LARGE, 413),
        (Reason.CONFIG_INVALID, 500),
    ],
)
async def test_what_cannot_be_made_durable_is_not_accepted(port: Port, reason: Reason, expected: int) -> None:
    port.sender.publish_error = ConnectorError(reason, "the inner details")

    async with aiohttp.ClientSession() as session, session.post(port.url, data=b"body") as response:
        text = await response.text()

    assert response.status == expected
    assert ("Retry-After" in response.headers) is (expected == 503)
    assert expected != 500 or "inner details" not in text


async def test_an_unforeseen_error_is_answered_without_a_traceback(port: Port) -> None:
    port.sender.publish_error = KeyError("secret-canary")

    async with aiohttp.ClientSession() as session, session.post(port.url, data=b"body") as response:
        text = await response.text()

    assert response.status == 500
    assert "secret-canary" not in text
    assert isinstance(port.sender.failures[0], KeyError)


async def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_not(port: Port) -> None:
    async def chunked(size: int) -> AsyncIterator[bytes]:
        yield b"x" * size

    async with aiohttp.ClientSession() as session:
        statuses = []
        for data in (b"x" * LIMIT, b"x" * (LIMIT + 1), chunked(LIMIT), chunked(LIMIT + 1)):
            async with session.post(port.url, data=data) as response:
                statuses.append(response.status)

    assert statuses == [202, 413, 202, 413]


async def test_compressed_bodies_are_unpacked_within_the_limit(port: Port) -> None:
    cases = {
        gzip.compress(b"body"): ("gzip", 202),
        gzip.compress(b"x" * (LIMIT + 1)): ("gzip", 413),
        gzip.compress(b"x" * 50_000_000): ("gzip", 413),
        b"not gzip": ("gzip", 400),
        gzip.compress(b"body" * 1_000)[:-1]: ("gzip", 400),
        gzip.compress(b"body" * 1_000)[:20]: ("gzip", 400),
        gzip.compress(b"body") + b"more": ("gzip", 400),
        gzip.compress(b"bo") + gzip.compress(b"dy"): ("gzip", 202),
        gzip.compress(b"") * 100: ("gzip", 400),
        zlib.compress(b"body"): ("deflate", 202),
        zlib.compress(b"body", wbits=-15): ("deflate", 202),
        zlib.compress(b"body")[:-1]: ("deflate", 400),
        b"plain": ("identity", 202),
        b"anything": ("br", 415),
        b"anything at all": ("zstd", 415),
        b"anything else": ("gzip, gzip", 415),
        b"": ("gzip", 400),
    }
    found = {}
    async with aiohttp.ClientSession() as session:
        for data, (encoding, _) in cases.items():
            async with session.post(port.url, data=data, headers={"content-encoding": encoding}) as response:
                found[data] = (encoding, response.status)

    assert found == cases
    assert [request.body for request in port.sender.requests] == [b"body"] * 4 + [b"plain"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
async def test_only_post_is_taken(port: Port, method: str) -> None:
    async with aiohttp.ClientSession() as session, session.request(method, port.url) as response:
        assert response.status == 405


@pytest.mark.parametrize(
    "path",
    [
        *(b"/hooks/", b"/a/../hooks", b"/hooks/.", b"/%68ooks", b"//hooks", b"/hooks;x", b"/hooks%00", b"/hooks%3Fa"),
        *(b"/hooks#a", b"/HOOKS", b"http://x/other", b"http://x/a/../hooks"),
    ],
)
async def test_a_path_has_one_spelling(port: Port, path: bytes) -> None:
    answer = await raw(
        port, b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    )

    assert status(answer) == 401
    assert port.sender.parents == []
    assert port.sender.refused == [("(unknown)", Reason.ENDPOINT_UNKNOWN)]


@pytest.mark.parametrize(
    "head",
    ["GET {} HTTP/1.1", "POST {} HTTP/1.1\r\nContent-Encoding: br", "POST {} HTTP/1.1\r\nContent-Encoding: gzip"],
)
async def test_what_needs_no_signature_to_be_refused_does_not_tell_of_an_endpoint(port: Port, head: str) -> None:
    found = []
    for path in ("/hooks", "/other"):
        sent = f"{head.format(path)}\r\nHost: x\r\nConnection: close\r\nContent-Length: 6\r\n\r\nforged"
        answer = await raw(port, sent.encode())
        error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
        found.append((status(answer), error["reason"], error["message"]))

    assert found[0] == found[1]
    assert found[0][0] in (400, 405, 415)


async def test_a_stop_finishes_what_is_under_way(port: Port) -> None:
    port.sender.publish_seconds = 1
    request = asyncio.create_task(raw(port, GOOD))
    await asyncio.sleep(0.3)

    await port.server.stop()

    assert status(await request) == 202
    with pytest.raises(OSError, match=r".*"):
        await asyncio.open_connection("127.0.0.1", port.number)


async def test_a_taken_port_is_named(port: Port) -> None:
    other = IngressServer(IngressSettings(port=port.number), [], Observer(port.sender))

    with pytest.raises(ConnectorError) as raised:
        await other.start()

    assert raised.value.reason is Reason.PORT_IN_USE
    assert str(port.number) in raised.value.message


async def test_without_the_strict_parser_the_port_is_not_opened(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lenient one is what a wheel-less installation of aiohttp has."""
    monkeypatch.setattr(http_parser, "HttpRequestParser", http_parser.HttpRequestParserPy)

    with pytest.raises(ConnectorError) as raised:
        await IngressServer(IngressSettings(port=port.number), [], Observer(port.sender)).start()

    assert raised.value.reason is Reason.CONFIG_INVALID
