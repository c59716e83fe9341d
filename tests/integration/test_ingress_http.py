"""The ingress port over real sockets: every malformed, slow or oversized request gets its answer, and never a 5xx."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.api import ConnectorError, Reason, Record, Request
from router.config.models import IngressSettings
from router.ingress.server import Endpoint, IngressServer

LIMIT = 10_000
GOOD = b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Sender:
    """The receiver and the way to Kafka of these tests: remembers, and fails when told to."""

    requests: list[Request] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    refused: list[tuple[str, Reason]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    publish_error: Exception | None = None
    publish_seconds: float = 0

    def receive(self, request: Request) -> Sequence[Record]:
        if request.body == b"forged":
            raise ConnectorError(Reason.SIGNATURE_MISMATCH, "no")
        self.requests.append(request)
        return [Record(id="1", type="t", data=request.body)]

    async def publish(self, records: Sequence[Record], parent: str) -> None:
        await asyncio.sleep(self.publish_seconds)
        if self.publish_error is not None:
            raise self.publish_error
        self.parents.append(parent)


class Observer:
    """Tells the sender of refusals and failures."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def accepted(self, endpoint: str, seconds: float, size: int) -> None:
        pass

    def refused(self, endpoint: str, reason: Reason) -> None:
        self._sender.refused.append((endpoint, reason))

    def failed(self, endpoint: str, error: Exception) -> None:
        self._sender.failures.append(error)


@dataclass
class Port:
    number: int
    sender: Sender
    server: IngressServer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.number}/hooks"


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    async for opened in _open():
        yield opened


async def _open() -> AsyncIterator[Port]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    sender = Sender()
    limits = IngressSettings(port=number, max_body_bytes=LIMIT, request_timeout_seconds=1)
    server = IngressServer(limits, [Endpoint("hooks", "/hooks", sender, sender.publish)], Observer(sender))
    await server.start()
    try:
        yield Port(number, sender, server)
    finally:
        await server.stop()


async def raw(port: Port, data: bytes, wait: float = 5) -> bytes:
    """What comes back for these bytes, until the server closes or is silent for half a second after an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
    writer.write(data)
    answer = b""
    try:
        async with asyncio.timeout(wait):
            while chunk := await reader.read(65_536):
                answer += chunk
                if answer.startswith(b"HTTP/1.1 2"):
                    break
    except (TimeoutError, ConnectionResetError):
        pass
    writer.close()
    return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


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
        b"anything": ("br", 400),  # aiohttp itself refuses what it has no decoder for
        b"anything else": ("gzip, gzip", 415),
    }
    found = {}
    async with aiohttp.ClientSession() as session:
        for data, (encoding, _) in cases.items():
            async with session.post(port.url, data=data, headers={"content-encoding": encoding}) as response:
                found[data] = (encoding, response.status)

    assert found == cases
    assert port.sender.requests[0].body == b"body"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
async def test_only_post_is_taken(port: Port, method: str) -> None:
    async with aiohttp.ClientSession() as session, session.request(method, port.url) as response:
        assert response.status == 405


@pytest.mark.parametrize(
    "head",
    [
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 0_2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\nContent-Length: 2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 140 + b"Content-Length: 2\r\n\r\nok",
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 9_000 + b"\r\nContent-Length: 2\r\n\r\nok",
        b"POST /" + b"h" * 9_000 + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok",
        b"POST /hooks HTTP/9.9\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_a_malformed_head_is_refused_and_the_connection_closed(port: Port, head: bytes) -> None:
    answer = await raw(port, head)

    assert 400 <= status(answer) < 500
    assert port.sender.requests == []


@pytest.mark.parametrize(
    "path",
    [b"/hooks/", b"/hooks/../hooks", b"/%68ooks", b"//hooks", b"/hooks;x", b"/hooks%00", b"http://x/other", b"*"],
)
async def test_a_path_has_one_spelling(port: Port, path: bytes) -> None:
    answer = await raw(
        port, b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    )

    assert status(answer) in (400, 401)
    assert port.sender.requests == []


@pytest.mark.parametrize(
    "data",
    [b"", b"POST /hooks HTTP/1.1\r\nHost:", b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"],
)
async def test_a_silent_connection_is_closed(port: Port, data: bytes) -> None:
    answer = await raw(port, data, wait=8)

    assert status(answer) in (0, 408)
    assert port.sender.requests == []


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
        async for port in _open():
            for method, headers, body in requests:
                lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                head = f"{method} /hooks HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
                found.append(status(await raw(port, head + body, wait=0.1)))
            assert port.sender.failures == []
        return found

    assert all(code < 500 for code in asyncio.run(answers()))
