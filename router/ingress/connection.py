"""A connection: the deadline of a request's head, which aiohttp has not, and answers to what its parser refuses."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from router.api import ConnectorError, Reason

IDLE_SECONDS = 75.0
"""Longer than the 60 seconds after which usual load balancers give up a connection, so that they never meet ours."""

_LINGER_SECONDS = 2.0
_MAX_HEADERS = 100
_BAD_REQUEST = 400
_TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Refuse = Callable[[ConnectorError], web.Response]
"""Counts a request that was refused before anything could handle it, and makes the answer."""


class Connection(web.RequestHandler):
    """One connection. A head must be complete `head_seconds` after its first byte, or after connecting."""

    __slots__ = ("_has_begun", "_head_seconds", "_head_timer", "_refuse")

    def __init__(
        self, server: web.Server, *, loop: asyncio.AbstractEventLoop, refuse: Refuse, head_seconds: float
    ) -> None:
        settings: dict[str, Any] = {
            "keepalive_timeout": IDLE_SECONDS,
            "lingering_time": _LINGER_SECONDS,
            "max_headers": _MAX_HEADERS,
            "auto_decompress": False,
            "access_log": None,
        }
        super().__init__(server, loop=loop, **settings)
        self._refuse = refuse
        self._head_seconds = head_seconds
        self._head_timer: asyncio.TimerHandle | None = None
        self._has_begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Parse, and see whether a head is complete, or has begun."""
        super().data_received(data)
        if self._messages:
            self._stop_timer()
        elif self._waiter is not None and not self._waiter.done():
            self._has_begun = True
            self._start_timer()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Go on after a pause. aiohttp would parse anew after each read of a body, whether there was one or not."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the deadline."""
        self._stop_timer()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what the parser refused. Its own text and log line would repeat what was sent."""
        if status != _BAD_REQUEST:
            return super().handle_error(request, status, exc, message)
        response = self._refuse(ConnectorError(Reason.PAYLOAD_MALFORMED, "The request is not well-formed HTTP."))
        response.force_close()
        return response

    def _start_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self._loop.call_later(self._head_seconds, self._close_overdue)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
            self._has_begun = False

    def _close_overdue(self) -> None:
        if self._has_begun and self.transport is not None:
            self._refuse(ConnectorError(Reason.REQUEST_TIMEOUT, "The head did not arrive in time."))
            self.transport.write(_TIMED_OUT)
        self.force_close()


class Connections(web.Server):
    """aiohttp's low-level server: no application, no middleware, no router."""

    def __init__(self, handle: Handle, refuse: Refuse, head_seconds: float, request_factory: Any) -> None:
        super().__init__(handle, request_factory=request_factory)
        self._refuse = refuse
        self._head_seconds = head_seconds

    def __call__(self) -> Connection:
        """A connection that has just been accepted."""
        return Connection(self, loop=self._loop, refuse=self._refuse, head_seconds=self._head_seconds)
