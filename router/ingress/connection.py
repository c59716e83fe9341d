"""A connection: its requests one after the other, and the deadlines of heads and bodies, which aiohttp has not.

aiohttp's C parser reads the requests. Its own `web` server would make half a dozen objects and switch tasks for each of
them, which costs more than verifying and publishing the webhook.
"""

import asyncio
from collections.abc import Awaitable
from math import inf
from typing import Protocol

from aiohttp import EMPTY_PAYLOAD, StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser, RawRequestMessage

from router.api import ConnectorError, Reason
from router.ingress.answers import Answer
from router.ingress.encoding import too_large

IDLE_SECONDS = 75.0
"""Longer than the 60 seconds after which usual load balancers give up a connection, so that they never meet ours."""

_LINGER_SECONDS = 2.0
_MAX_HEADERS = 100
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Host(Protocol):
    """What a connection belongs to."""

    max_body_bytes: int
    request_seconds: float
    date: bytes

    def answer(self, message: RawRequestMessage, body: bytes) -> Awaitable[Answer]:
        """Handle a complete request; never raises."""
        ...

    def refuse(self, message: RawRequestMessage | None, error: ConnectorError) -> Answer:
        """Count a request that cannot be handled, and answer it. message: None if its head is not known."""
        ...

    def lost(self, connection: "Connection") -> None:
        """The connection is gone."""
        ...


class Connection(BaseProtocol):
    """One connection. deadline: when `close_overdue` is due, in the loop's time."""

    __slots__ = (
        "_begun",
        "_body",
        "_closing",
        "_early",
        "_host",
        "_last",
        "_message",
        "_payload",
        "_size",
        "_task",
        "deadline",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, host: Host) -> None:
        # One message at a time: the parser keeps what is pipelined behind it until it is consumed.
        parser = HttpRequestParser(
            self, loop, host.max_body_bytes, max_headers=_MAX_HEADERS, auto_decompress=False, max_msg_queue_size=1
        )
        super().__init__(loop, parser)
        self._host = host
        self._message: RawRequestMessage | None = None
        self._payload: StreamReader = EMPTY_PAYLOAD
        self._body: list[bytes] = []
        self._size = 0
        self._begun = False
        self._early = b""
        self._last = False
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self.deadline = inf

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The request that is being handled."""
        return self._task

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self.deadline = self._loop.time() + self._host.request_seconds

    def data_received(self, data: bytes) -> None:
        """Read on, unless a request is being handled: what comes behind it waits."""
        if self._closing:
            return
        if self._task is None:
            self._feed(data)
        else:
            self._early += data
            self._pause_transport_reading()

    def eof_received(self) -> bool:
        """Stay open for the answer that is still to come; it is the last one."""
        self._last = True
        return self._task is not None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count a request that has not come through."""
        super().connection_lost(exc)
        self._host.lost(self)
        if self._message is not None and self._task is None and not self._closing:
            self._closing = True
            self._host.refuse(self._message, _too_slow("connection ended before the body did"))

    def pause_reading(self) -> None:
        """The parser's wish after many small pieces; granted, since `_read` takes them out at once."""
        self._reading_paused = True
        self._parser.pause_reading()  # type: ignore[union-attr]  # there is one, always

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: ARG002  the parser goes on in `_read`
        """The pieces have been taken out."""
        self._reading_paused = False

    def close_overdue(self) -> None:
        """The deadline has passed."""
        if self._closing or (self._message is None and not self._begun):
            self.close()
        else:
            what = "head" if self._message is None else "body"
            self._refuse(_too_slow(f"{what} did not arrive in time"))

    def finish(self) -> None:
        """Answer what is being handled, then close."""
        self._last = True
        if self._task is None:
            self.close()

    def close(self) -> None:
        """Close now; what is written still goes out."""
        self._closing = True
        if self.transport is not None:
            self.transport.close()

    def _feed(self, data: bytes) -> None:
        try:
            messages, upgraded, _ = self._parser.feed_data(data)  # type: ignore[union-attr]  # there is one, always
            if messages:
                self._message, self._payload = messages[0]
                # The parser would take what follows for another protocol, which is none of ours.
                self._last = self._last or self._message.should_close or upgraded
                self.deadline = self._loop.time() + self._host.request_seconds
            if self._message is None:
                self._await_head(begun=bool(data))
            elif not self._read(self._message) and messages:
                self._invite(self._message)
        except HttpProcessingError:
            self._refuse(ConnectorError(Reason.PAYLOAD_MALFORMED, "The request is not well-formed HTTP."))

    def _await_head(self, *, begun: bool) -> None:
        if begun and not self._begun:
            self._begun = True
            self.deadline = self._loop.time() + self._host.request_seconds

    def _read(self, message: RawRequestMessage) -> bool:
        """Take out what has arrived of the body; True if that was all of it. Raises HttpProcessingError."""
        payload = self._payload
        while True:
            piece = payload.read_nowait()
            if piece:
                self._body.append(piece)
                self._size += len(piece)
            if self._size > self._host.max_body_bytes:
                self._refuse(too_large(self._host.max_body_bytes))
                return True
            if payload.is_eof():
                body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
                self.deadline = inf
                self._task = self._loop.create_task(self._serve(message, body))
                return True
            if not piece:
                return False
            self._parser.feed_data(b"")  # type: ignore[union-attr]  # there is one, always

    def _invite(self, message: RawRequestMessage) -> None:
        """Some senders hold a body back until they are told to go on."""
        if message.headers.get("Expect", "").lower() == "100-continue" and self.transport is not None:
            self.transport.write(_CONTINUE)

    async def _serve(self, message: RawRequestMessage, body: bytes) -> None:
        answer = await self._host.answer(message, body)
        last = self._last or answer.closes
        self._write(answer, last=last, bare=message.method == "HEAD")
        if last:
            self.close()
            return
        if self.writing_paused:
            await self._drain_helper()
        self._next()

    def _next(self) -> None:
        """Turn to the next request, which may be here already."""
        self._task = None
        self._message, self._payload, self._body, self._size, self._begun = None, EMPTY_PAYLOAD, [], 0, False
        if self.transport is None:
            return
        self.deadline = self._loop.time() + IDLE_SECONDS
        self._parser.message_consumed()  # type: ignore[union-attr]  # there is one, always
        early, self._early = self._early, b""
        if early:
            self._resume_transport_reading()
        self._feed(early)

    def _refuse(self, error: ConnectorError) -> None:
        """Answer, then wait a little for the sender to stop, who would not read the answer if we closed at once."""
        self._write(self._host.refuse(self._message, error), last=True)
        self._closing = True
        self.deadline = self._loop.time() + _LINGER_SECONDS
        if self.transport is not None and self.transport.can_write_eof():
            self.transport.write_eof()

    def _write(self, answer: Answer, *, last: bool, bare: bool = False) -> None:
        if self.transport is not None:
            self.transport.write(answer.bytes(self._host.date, last=last, bare=bare))


def _too_slow(what: str) -> ConnectorError:
    return ConnectorError(Reason.REQUEST_TIMEOUT, f"The {what}.")
