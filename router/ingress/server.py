"""The ingress server: hosts receivers, and answers 2xx only for what is durable."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from heapq import nsmallest
from math import inf
from wsgiref.handlers import format_date_time

from aiohttp import http_parser
from aiohttp.http_parser import RawRequestMessage

from router.api import ConnectorError, Items, Peer, Reason, Receiver, Record, Reply, Request
from router.config.models import IngressSettings
from router.ingress import answers
from router.ingress.admission import make_admission, make_places
from router.ingress.answers import Answer
from router.ingress.connection import Connection
from router.ingress.cors import Cors
from router.ingress.encoding import decode
from router.ingress.listener import deafen, listener
from router.ingress.observer import UNKNOWN_ENDPOINT, IngressObserver
from router.ingress.peers import Proxies
from router.ingress.proxy_protocol import Header
from router.ingress.rates import Quota, address_quotas, fields, take_all
from router.ingress.seen import KeysReusedError
from router.ingress.tls import Tls
from router.ingress.trace import traceparent

Publish = Callable[[Sequence[Record], str], Awaitable[object]]
"""Takes records and the traceparent of their request; returns when they are durable. Raises ConnectorError."""

Received = Sequence[Record] | Items | Reply
_METHODS = ("POST", "GET", "OPTIONS")
"""What a receiver gets to see; the last two for handshakes."""

_NO_QUOTAS: tuple[Quota, ...] = ()
_BACKLOG = 1_024
_DEAF_SECONDS = 0.2
"""How long a handshake may still take that has begun before the port closes."""

_DRAIN_SECONDS = 7.0
_SWEEP_SECONDS = 0.25
_AT_ONCE = 50
_RETURN_SECONDS = 5
_ROOM = 0.01
"""The part of the connections that makes room at once, so that looking for them costs little."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver at a path, and where its records go.

    success: instead of the usual answer to accepted events. quotas: the buckets that each verified request is taken
    from.
    """

    name: str
    path: str
    receiver: Receiver
    publish: Publish
    success: Reply | None = None
    quotas: tuple[Quota, ...] = ()


class IngressServer:
    """One process's share of the port.

    A path is looked up in a dictionary, after everything that can be refused without it: what is answered before a
    signature is verified does not tell whether there is an endpoint.
    """

    def __init__(self, settings: IngressSettings, endpoints: Sequence[Endpoint], observer: IngressObserver) -> None:
        self._settings = settings
        self.serve(endpoints)
        self._observer = observer
        self._connections: dict[Connection, str] = {}
        self._server: asyncio.Server | None = None
        self._listener: socket.socket | None = None
        self._emptied = asyncio.Event()
        self._proxies = Proxies(settings.trusted_proxies, settings.forwarded_headers)
        self._cors = None if settings.cors is None else Cors(settings.cors)
        self._tls = None if settings.tls is None else Tls(settings.tls)
        self.proxied = settings.proxy_protocol
        self.draining = False
        self._sweeper: asyncio.TimerHandle | None = None
        self._places = make_places(settings.limits, settings.processes)
        self._admission = make_admission(settings.limits, settings.processes, time.perf_counter())
        self._addresses = address_quotas(settings.limits, settings.processes)
        self._next_sweep = inf
        self._crowded = False
        self.limits = settings.limits
        self.held_bytes = 0
        self.max_held_bytes = settings.limits.max_held_bytes // settings.processes
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
            shared = self._settings.processes > 1
            self._listener = listener(self._settings.host, self._settings.port, shared=shared)
            tls = None if self._tls is None else self._tls.context
            seconds = None if tls is None else self.request_seconds
            self._server = await loop.create_server(
                self._connect, sock=self._listener, backlog=_BACKLOG, ssl=tls, ssl_handshake_timeout=seconds
            )
        except OSError as error:
            where = f"{self._settings.host}:{self._settings.port}"
            message = f"The ingress port {where} cannot be opened ({error.strerror})."
            raise ConnectorError(Reason.PORT_IN_USE, message, fix="Set `ingress.port` to a free port.") from error
        self._sweep()

    def serve(self, endpoints: Sequence[Endpoint]) -> None:
        """Serve these endpoints from now on; requests under way finish with the one they have come to."""
        self._endpoints = {endpoint.path: endpoint for endpoint in endpoints}
        self._decoy = endpoints[0] if endpoints else None

    def refresh(self) -> None:
        """Take up a certificate that has changed."""
        if self._tls is not None:
            self._tls.refresh()

    def leave(self) -> None:
        """Go on accepting, and let each connection end with its next answer."""
        self.draining = True

    async def stop(self) -> None:
        """Accept no more connections, answer the requests under way and those on their way, close; 8 s at most."""
        if self._server is None or self._listener is None:
            return
        self.leave()
        if deafen(self._listener):
            await asyncio.sleep(_DEAF_SECONDS)
        self._server.close()
        for connection in tuple(self._connections):
            connection.finish()
        if self._connections:
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_SECONDS):
                    await self._emptied.wait()
        for connection in tuple(self._connections):
            connection.close()
        if self._sweeper is not None:
            self._sweeper.cancel()

    async def answer(self, message: RawRequestMessage, body: bytes, peer: Peer, parent: str | None = None) -> Answer:
        """Handle a complete request; never raises. parent: its trace, if somebody has decided about it already."""
        peer = self._proxies.sender(peer, lambda name: message.headers.getall(name, ()))
        if self._cors is None:
            return await self._answer(message, body, peer, parent)
        origin = message.headers.get("origin")
        if self._cors.is_preflight(message.method, message.headers):
            return Answer(200, b"", parent or traceparent(None), headers=self._cors.preflight(origin or ""))
        answer = await self._answer(message, body, peer, parent)
        return answer._replace(headers=answer.headers + self._cors.answer(origin))

    async def _answer(self, message: RawRequestMessage, body: bytes, peer: Peer, parent: str | None) -> Answer:
        started = time.perf_counter()
        parent = parent or traceparent(message.headers.get("traceparent"))
        endpoint = self._endpoints.get(_path(message))
        waited, quotas = inf, _NO_QUOTAS
        if (busy := self._admission.enter()) is not None:
            return self._refused(endpoint, busy, parent)
        try:
            if self._addresses is not None:
                self._addresses.take(peer.address, started)
            request = self._request(message, body, peer)
            known, received = _received(endpoint, request, self._decoy)
            if known.quotas and not isinstance(received, Reply):
                quotas = known.quotas
                take_all(quotas, started)
            try:
                received = await _publish(known, received, parent)
            finally:
                waited = inf if isinstance(received, Reply) else time.perf_counter() - started
        except ConnectorError as error:
            answer = self._refused(endpoint, error, parent)
            return self._limited(answer, quotas, peer) if error.reason is Reason.RATE_LIMITED else answer
        except Exception as error:  # noqa: BLE001  the outermost loop of a request: the sender must get an answer
            self._observer.failed(_name(endpoint), error)
            return answers.internal(parent)
        finally:
            self._admission.leave(waited)
        self._count(known.name, received, time.perf_counter() - started, len(request.body))
        return self._limited(_accepted(known, received, parent), quotas, peer)

    def _limited(self, answer: Answer, quotas: Sequence[Quota], peer: Peer) -> Answer:
        """The answer with what is left of the rates that were counted."""
        if self._addresses is None and not quotas:
            return answer
        return answer._replace(headers=answer.headers + fields(quotas, self._addresses, peer.address))

    def refuse(self, message: RawRequestMessage | None, error: ConnectorError) -> Answer:
        """Count a request that cannot be handled, and answer it."""
        endpoint = None if message is None else self._endpoints.get(_path(message))
        self._observer.refused(_name(endpoint), error.reason)
        return answers.refused(error, traceparent(None))

    def made(self, connection: Connection) -> None:
        """Give the connection a place, or turn it away."""
        if self.proxied and not self._proxies.trusts(connection.peer.address):
            self.refuse(None, ConnectorError(Reason.ADDRESS_NOT_ALLOWED, "Only trusted proxies may connect."))
            connection.close()
        else:
            self._place(connection)

    def _place(self, connection: Connection) -> None:
        address = connection.peer.address
        reason = self._places.enter(address)
        if reason is Reason.OVERLOADED and self._make_room():
            reason = self._places.enter(address)
        if reason is None:
            self._connections[connection] = address
        else:
            error = ConnectorError(reason, "Too many connections.", retry_after_seconds=_RETURN_SECONDS)
            connection.turn_away(self.refuse(None, error))

    def lost(self, connection: Connection) -> None:
        """A connection is gone."""
        address = self._connections.pop(connection, None)
        if address is not None:
            self._places.leave(address)
            if self.draining and not self._connections:
                self._emptied.set()

    def introduced(self, connection: Connection, header: Header) -> None:
        """A proxy has told who has connected to it: that is whose place it takes."""
        if header.address is not None:
            self.lost(connection)
            connection.peer = Peer(header.address, "https" if header.secure else "http")
            self._place(connection)

    def _make_room(self) -> bool:
        """Close some of those that have been idle for the longest: they are promised nothing, and can come again."""
        if self._crowded:
            return False
        idle = [connection for connection in self._connections if connection.idle]
        count = max(1, int(len(self._connections) * _ROOM))
        for connection in nsmallest(count, idle, key=lambda one: one.idle_since):
            connection.close()
            self.lost(connection)
        # Nobody looks again before the next sweep.
        self._crowded = not idle
        return bool(idle)

    def _connect(self) -> Connection:
        return Connection(asyncio.get_running_loop(), self)

    def _sweep(self) -> None:
        """Close who is overdue. One timer for all connections: starting one a request would cost more."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._admission.adjust(time.perf_counter(), max(0.0, now - self._next_sweep))
        self._next_sweep = now + _SWEEP_SECONDS
        self._crowded = False
        self._close([connection for connection in self._connections if connection.deadline < now])
        self.date = _date()
        self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep)

    def _close(self, overdue: Sequence[Connection]) -> None:
        """A few at a time: a thousand that came together must not hold up everybody else when they are due."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in overdue[:_AT_ONCE]:
            if connection.deadline < now:
                connection.close_overdue()
        if len(overdue) > _AT_ONCE:
            loop.call_soon(self._close, overdue[_AT_ONCE:])

    def _request(self, message: RawRequestMessage, body: bytes, peer: Peer) -> Request:
        if message.method not in _METHODS:
            raise ConnectorError(Reason.METHOD_NOT_ALLOWED, "Send a POST request.")
        headers = tuple(
            [(name.decode("latin-1").lower(), text.decode("latin-1")) for name, text in message.raw_headers]
        )
        codings = [text for name, text in headers if name == "content-encoding"]
        content = decode(body, codings, self.max_body_bytes, self.limits.max_expansion) if codings else body
        path, _, query = message.path.partition("?")
        return Request(message.method, path, headers, content, time.time(), query, peer)

    def _count(self, name: str, received: Received, seconds: float, size: int) -> None:
        if isinstance(received, Items):
            for item in received.items:
                if isinstance(item, ConnectorError):
                    self._observer.refused(name, item.reason)
        self._observer.accepted(name, seconds, size)

    def _refused(self, endpoint: Endpoint | None, error: ConnectorError, parent: str) -> Answer:
        self._observer.refused(_name(endpoint), error.reason)
        return answers.refused(error, parent)


def _received(endpoint: Endpoint | None, request: Request, decoy: Endpoint | None) -> tuple[Endpoint, Received]:
    if endpoint is None:
        if request.method != "POST":
            raise ConnectorError(Reason.METHOD_NOT_ALLOWED, "Send a POST request.")
        if decoy is not None:
            # As much work as verifying is: the time of an answer must not tell whether there is an endpoint.
            with suppress(ConnectorError):
                decoy.receiver.receive(request)
        raise ConnectorError(Reason.ENDPOINT_UNKNOWN, "No endpoint has this path.")
    return endpoint, endpoint.receiver.receive(request)


async def _publish(endpoint: Endpoint, received: Received, parent: str) -> Received:
    """What was received, once it is durable; of a batch, with those items refused that cannot be accepted.

    Raises ConnectorError.
    """
    if isinstance(received, Reply):
        return received
    if not isinstance(received, Items):
        await endpoint.publish(received, parent)
        return received
    places = [index for index, item in enumerate(received.items) if isinstance(item, Record)]
    items = list(received.items)
    while True:
        try:
            await endpoint.publish([item for item in items if isinstance(item, Record)], parent)
        except KeysReusedError as error:
            for index in error.indexes:
                items[places[index]] = error
            places = [index for index, item in enumerate(items) if isinstance(item, Record)]
        else:
            return replace(received, items=tuple(items))


def _accepted(endpoint: Endpoint, received: Received, parent: str) -> Answer:
    if isinstance(received, Reply):
        return answers.replied(received, parent)
    if isinstance(received, Items):
        return answers.items(received, parent)
    if endpoint.success is not None:
        return answers.replied(endpoint.success, parent)
    return answers.accepted(parent, len(received))


def _path(message: RawRequestMessage) -> str:
    return message.path.partition("?")[0]


def _name(endpoint: Endpoint | None) -> str:
    return UNKNOWN_ENDPOINT if endpoint is None else endpoint.name


def _date() -> bytes:
    return format_date_time(time.time()).encode()
