"""The ingress server on a port of its own, and raw bytes to and from it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from router.api import ConnectorError, Reason, Record, Request
from router.config.limits import LimitSettings
from router.config.models import IngressSettings
from router.ingress.rates import Quota
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
        if request.method != "POST":
            raise ConnectorError(Reason.METHOD_NOT_ALLOWED, "Send a POST request.")
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


@asynccontextmanager
async def open_port(limits: LimitSettings | None = None, quotas: tuple[Quota, ...] = ()) -> AsyncIterator[Port]:
    """A server on a free port; it allows a second each for head and body."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    sender = Sender()
    limits = limits or LimitSettings(body_seconds=1)
    settings = IngressSettings(port=number, max_body_bytes=LIMIT, request_timeout_seconds=1, limits=limits)
    server = IngressServer(
        settings, [Endpoint("hooks", "/hooks", sender, sender.publish, quotas=quotas)], Observer(sender)
    )
    await server.start()
    try:
        yield Port(number, sender, server)
    finally:
        await server.stop()


async def raw(port: Port, data: bytes, wait: float = 5) -> bytes:
    """What comes back for these bytes, until the server accepts, closes or lets the time pass."""
    answer, _ = await exchange(port, data, wait)
    return answer


async def exchange(port: Port, data: bytes, wait: float = 5, pause: float = 0) -> tuple[bytes, bool]:
    """What comes back for these bytes, and whether the server has closed. pause: seconds between two bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
    sending = asyncio.create_task(_send(writer, data, pause))
    answer, closed = b"", False
    try:
        async with asyncio.timeout(wait):
            while not answer.startswith(b"HTTP/1.1 2"):
                chunk = await reader.read(65_536)
                answer += chunk
                if not chunk:
                    closed = True
                    break
    except TimeoutError:
        pass
    except ConnectionResetError:
        closed = True
    sending.cancel()
    writer.close()
    return answer, closed


async def _send(writer: asyncio.StreamWriter, data: bytes, pause: float) -> None:
    if not pause:
        writer.write(data)
        return
    for byte in data:
        writer.write(bytes([byte]))
        await asyncio.sleep(pause)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0
