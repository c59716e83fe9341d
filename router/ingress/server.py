"""The ingress server: hosts receivers, and answers 2xx only for what is durable."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from wsgiref.handlers import format_date_time

from aiohttp import http_parser
from aiohttp.http_parser import RawRequestMessage

from router.api import ConnectorError, Items, Reason, Receiver, Record, Reply, Request
from router.config.models import IngressSettings
from router.ingress import answers
from router.ingress.answers import Answer
from router.ingress.connection import Connection
from router.ingress.encoding import decode
from router.ingress.observer import UNKNOWN_ENDPOINT, IngressObserver
from router.ingress.trace import traceparent

Publish = Callable[[Sequence[Record], str], Awaitable[object]]
"""Takes records and the traceparent of their request; returns when they are durable. Raises ConnectorError."""

_METHODS = ("POST", "GET", "OPTIONS")
"""What a receiver gets to see; the last two for handshakes."""

_BACKLOG = 1_024
_DRAIN_SECONDS = 3.0
_SWEEP_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver at a path, and where its records go. success: instead of the usual answer to accepted events."""

    name: str
    path: str
    receiver: Receiver
    publish: Publish
    success: Reply | None = None


class IngressServer:
    """One process's share of the port.

    A path is looked up in a dictionary, after everything that can be refused without it: what is answered before a
    signature is verified does not tell whether there is an endpoint.
    """

    def __init__(self, settings: IngressSettings, endpoints: Sequence[Endpoint], observer: IngressObserver) -> None:
        self._settings = settings
        self._endpoints = {endpoint.path: endpoint for endpoint in endpoints}
        self._observer = observer
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self.max_body_bytes = settings.max_body_bytes
        self.request_seconds = settings.request_timeout_seconds
        self.date = _date()

    async def start(self) -> None:
        """Listen. Raises ConnectorError: PORT_IN_USE; CONFIG_INVALID if aiohttp lacks its C parser."""
        if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
            message = "aiohttp runs without its C extension, whose parser is the one that refuses smuggled requests."
            raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Install aiohttp from a wheel.")
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connect, sock=self._socket(), backlog=_BACKLOG)
        except OSError as error:
            where = f"{self._settings.host}:{self._settings.port}"
            message = f"The ingress port {where} cannot be opened ({error.strerror})."
            raise ConnectorError(Reason.PORT_IN_USE, message, fix="Set `ingress.port` to a free port.") from error
        self._sweep()

    async def stop(self) -> None:
        """Accept no more connections, finish the requests under way, close."""
        if self._server is None:
            return
        self._server.close()
        for connection in tuple(self._connections):
            connection.finish()
        if under_way := [connection.task for connection in self._connections if connection.task is not None]:
            await asyncio.wait(under_way, timeout=_DRAIN_SECONDS)
        for connection in tuple(self._connections):
            connection.close()
        if self._sweeper is not None:
            self._sweeper.cancel()

    async def answer(self, message: RawRequestMessage, body: bytes, parent: str | None = None) -> Answer:
        """Handle a complete request; never raises. parent: its trace, if somebody has decided about it already."""
        started = time.perf_counter()
        parent = parent or traceparent(message.headers.get("traceparent"))
        endpoint = self._endpoints.get(_path(message))
        try:
            request = self._request(message, body)
            known, received = _received(endpoint, request)
            answer = await _publish(known, received, parent)
        except ConnectorError as error:
            self._observer.refused(_name(endpoint), error.reason)
            return answers.refused(error, parent)
        except Exception as error:  # noqa: BLE001  the outermost loop of a request: the sender must get an answer
            self._observer.failed(_name(endpoint), error)
            return answers.internal(parent)
        if isinstance(received, Items):
            for item in received.items:
                if isinstance(item, ConnectorError):
                    self._observer.refused(known.name, item.reason)
        self._observer.accepted(known.name, time.perf_counter() - started, len(request.body))
        return answer

    def refuse(self, message: RawRequestMessage | None, error: ConnectorError) -> Answer:
        """Count a request that cannot be handled, and answer it."""
        endpoint = None if message is None else self._endpoints.get(_path(message))
        self._observer.refused(_name(endpoint), error.reason)
        return answers.refused(error, traceparent(None))

    def lost(self, connection: Connection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)

    def _connect(self) -> Connection:
        connection = Connection(asyncio.get_running_loop(), self)
        self._connections.add(connection)
        return connection

    def _sweep(self) -> None:
        """Close who is overdue. One timer for all connections: starting one a request would cost more."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in [connection for connection in self._connections if connection.deadline < now]:
            connection.close_overdue()
        self.date = _date()
        self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep)

    def _socket(self) -> socket.socket:
        """With several processes each has a socket of its own on the port, and the kernel spreads connections."""
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._settings.processes > 1:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind((self._settings.host, self._settings.port))
        except OSError:
            listener.close()
            raise
        return listener

    def _request(self, message: RawRequestMessage, body: bytes) -> Request:
        if message.method not in _METHODS:
            raise ConnectorError(Reason.METHOD_NOT_ALLOWED, "Send a POST request.")
        headers = tuple(
            [(name.decode("latin-1").lower(), text.decode("latin-1")) for name, text in message.raw_headers]
        )
        codings = [text for name, text in headers if name == "content-encoding"]
        content = decode(body, codings, self.max_body_bytes) if codings else body
        path, _, query = message.path.partition("?")
        return Request(message.method, path, headers, content, time.time(), query)


def _received(endpoint: Endpoint | None, request: Request) -> tuple[Endpoint, Sequence[Record] | Items | Reply]:
    if endpoint is None:
        if request.method != "POST":
            raise ConnectorError(Reason.METHOD_NOT_ALLOWED, "Send a POST request.")
        raise ConnectorError(Reason.ENDPOINT_UNKNOWN, "No endpoint has this path.")
    return endpoint, endpoint.receiver.receive(request)


async def _publish(endpoint: Endpoint, received: Sequence[Record] | Items | Reply, parent: str) -> Answer:
    """Answer once everything is durable. Raises ConnectorError."""
    if isinstance(received, Reply):
        return answers.replied(received, parent)
    if isinstance(received, Items):
        await endpoint.publish([item for item in received.items if isinstance(item, Record)], parent)
        return answers.items(received, parent)
    await endpoint.publish(received, parent)
    if endpoint.success is not None:
        return answers.replied(endpoint.success, parent)
    return answers.accepted(parent, len(received))


def _path(message: RawRequestMessage) -> str:
    return message.path.partition("?")[0]


def _name(endpoint: Endpoint | None) -> str:
    return UNKNOWN_ENDPOINT if endpoint is None else endpoint.name


def _date() -> bytes:
    return format_date_time(time.time()).encode()
