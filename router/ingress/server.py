"""The ingress server: hosts receivers, and answers 2xx only for what is durable."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import http_parser, web

from router.api import ConnectorError, Reason, Receiver, Record, Request
from router.config.models import IngressSettings
from router.ingress import answers
from router.ingress.body import body, headers
from router.ingress.connection import Connections
from router.ingress.observer import UNKNOWN_ENDPOINT, IngressObserver
from router.ingress.trace import traceparent

Publish = Callable[[Sequence[Record], str], Awaitable[None]]
"""Takes records and the traceparent of their request; returns when they are durable. Raises ConnectorError."""

_BACKLOG = 1_024
_DRAIN_SECONDS = 3.0
_BROKEN = (Reason.PAYLOAD_ENCODING, Reason.REQUEST_TIMEOUT)
"""After these it is unknown where the next request on the connection would begin."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver at a path, and where its records go."""

    name: str
    path: str
    receiver: Receiver
    publish: Publish


class IngressServer:
    """One process's share of the port.

    A path is looked up in a dictionary, after everything that can be refused without it: what is answered before a
    signature is verified does not tell whether there is an endpoint.
    """

    def __init__(self, settings: IngressSettings, endpoints: Sequence[Endpoint], observer: IngressObserver) -> None:
        self._settings = settings
        self._endpoints = {endpoint.path: endpoint for endpoint in endpoints}
        self._observer = observer
        self._runner: web.ServerRunner | None = None

    async def start(self) -> None:
        """Listen. Raises ConnectorError: PORT_IN_USE; CONFIG_INVALID if aiohttp lacks its C parser."""
        if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
            message = "aiohttp runs without its C extension, whose parser is the one that refuses smuggled requests."
            raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Install aiohttp from a wheel.")
        deadline_seconds = self._settings.request_timeout_seconds
        server = Connections(self._handle, self._refuse, deadline_seconds, self._request)
        self._runner = web.ServerRunner(server, shutdown_timeout=_DRAIN_SECONDS)
        await self._runner.setup()
        try:
            await web.SockSite(self._runner, self._socket(), backlog=_BACKLOG).start()
        except OSError as error:
            await self._runner.cleanup()
            where = f"{self._settings.host}:{self._settings.port}"
            message = f"The ingress port {where} cannot be opened ({error.strerror})."
            raise ConnectorError(Reason.PORT_IN_USE, message, fix="Set `ingress.port` to a free port.") from error

    async def stop(self) -> None:
        """Accept no more connections, finish the requests under way, close."""
        if self._runner is not None:
            await self._runner.cleanup()

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

    def _request(
        self, message: object, payload: object, protocol: object, writer: object, task: object
    ) -> web.BaseRequest:
        return web.BaseRequest(
            message,  # type: ignore[arg-type]  # aiohttp's own types for a request factory are private
            payload,  # type: ignore[arg-type]
            protocol,  # type: ignore[arg-type]
            writer,  # type: ignore[arg-type]
            task,  # type: ignore[arg-type]
            asyncio.get_running_loop(),
            client_max_size=self._settings.max_body_bytes,
        )

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        started = time.perf_counter()
        parent = traceparent(request.headers.get("traceparent"))
        path = request.raw_path.partition("?")[0]
        endpoint = self._endpoints.get(path)
        name = endpoint.name if endpoint else UNKNOWN_ENDPOINT
        try:
            received = await self._receive(request, path)
            count = await _accept(endpoint, received, parent)
        except ConnectorError as error:
            self._observer.refused(name, error.reason)
            response = answers.refused(error, parent)
            if error.reason in _BROKEN:
                response.force_close()
            return response
        except Exception as error:  # noqa: BLE001  the outermost loop of a request: the sender must get an answer
            self._observer.failed(name, error)
            return answers.internal(parent)
        self._observer.accepted(name, time.perf_counter() - started, len(received.body))
        return answers.accepted(parent, count)

    async def _receive(self, request: web.BaseRequest, path: str) -> Request:
        if request.method != "POST":
            raise ConnectorError(Reason.METHOD_NOT_ALLOWED, "Send a POST request.")
        received = headers(request)
        content = await body(request, received, self._settings.request_timeout_seconds)
        return Request("POST", path, received, content, time.time())

    def _refuse(self, error: ConnectorError) -> web.Response:
        self._observer.refused(UNKNOWN_ENDPOINT, error.reason)
        return answers.refused(error, traceparent(None))


async def _accept(endpoint: Endpoint | None, received: Request, parent: str) -> int:
    if endpoint is None:
        raise ConnectorError(Reason.ENDPOINT_UNKNOWN, "No endpoint has this path.")
    records = endpoint.receiver.receive(received)
    await endpoint.publish(records, parent)
    return len(records)
