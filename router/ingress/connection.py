"""A connection: its requests one after the other, within the limits and deadlines that aiohttp has not.

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

from router.api import UNKNOWN_PEER, ConnectorError, Peer, Reason
from router.config.limits import LimitSettings
from router.ingress import proxy_protocol
from router.ingress.answers import Answer
from router.ingress.encoding import too_large
from router.ingress.heads import MAX_FIELD_BYTES, MAX_TARGET_BYTES, check_framing, check_size, malformed, too_many_bytes
from router.ingress.peers import connected

_LINGER_SECONDS = 2.0
_PACE_SECONDS = 5.0
"""Over which a body must be fast enough."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Host(Protocol):
    """What a connection belongs to."""

    max_body_bytes: int
    request_seconds: float
    limits: LimitSettings
    date: bytes
    held_bytes: int
    max_held_bytes: int
    draining: bool
    proxied: bool

    def made(self, connection: "Connection") -> None:
        """A connection has come; `turn_away` it if there is no place for it."""
        ...

    def answer(self, message: RawRequestMessage, body: bytes, peer: Peer) -> Awaitable[Answer]:
        """Handle a complete request; never raises."""
        ...

    def refuse(self, message: RawRequestMessage | None, error: ConnectorError) -> Answer:
        """Count a request that cannot be handled, and answer it. message: None if its head is not known."""
        ...

    def introduced(self, connection: "Connection", header: proxy_protocol.Header) -> None:
        """A proxy has told who has connected to it."""
        ...

    def lost(self, connection: "Connection") -> None:
        """The connection is gone."""
        ...


class Connection(BaseProtocol):
    """One connection. peer: who is at the other end, as the host says.

    deadline: when `close_overdue` is due; idle_since: when its last request ended. Both in the loop's time.
    """

    __slots__ = (
        "_begun",
        "_body",
        "_body_deadline",
        "_closing",
        "_early",
        "_head_size",
        "_held",
        "_holding",
        "_host",
        "_last",
        "_message",
        "_opening",
        "_paced",
        "_payload",
        "_size",
        "_task",
        "deadline",
        "idle_since",
        "peer",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, host: Host) -> None:
        # One message at a time: the parser keeps what is pipelined behind it until it is consumed.
        parser = HttpRequestParser(
            self,
            loop,
            host.max_body_bytes,
            max_line_size=MAX_TARGET_BYTES,
            max_field_size=MAX_FIELD_BYTES,
            max_headers=host.limits.max_headers,
            auto_decompress=False,
            max_msg_queue_size=1,
        )
        super().__init__(loop, parser)
        self._host = host
        self._message: RawRequestMessage | None = None
        self._payload: StreamReader = EMPTY_PAYLOAD
        self._body: list[bytes] = []
        self._size = 0
        self._paced = 0
        self._head_size = 0
        self._body_deadline = inf
        self._begun = False
        self._early = b""
        self._held = False
        self._holding = 0
        self._opening = b"" if host.proxied else None
        self._last = False
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self.deadline = inf
        self.idle_since = inf
        self.peer: Peer = UNKNOWN_PEER

    @property
    def idle(self) -> bool:
        """Whether nothing of a request has arrived."""
        return self._message is None and not self._begun and not self._closing

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The request that is being handled."""
        return self._task

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head, unless there is no place for the connection."""
        super().connection_made(transport)
        self.peer = connected(transport)
        self.idle_since = self._loop.time()
        self.deadline = self.idle_since + self._host.request_seconds
        self._host.made(self)

    def data_received(self, data: bytes) -> None:
        """Read on, unless a request is being handled: what comes behind it waits."""
        if self._closing:
            return
        if self._opening is not None:
            data = self._introduce(self._opening + data)
            if not data:
                return
        if self._task is None:
            self._feed(data)
        else:
            self._early += data
            self._held = True
            self._pause_transport_reading()

    def eof_received(self) -> bool:
        """Stay open for the answer that is still to come; it is the last one."""
        self._last = True
        return self._task is not None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count a request that has not come through."""
        super().connection_lost(exc)
        self._host.lost(self)
        self._hold(0)
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
        if self.transport is None:
            return
        if self._task is not None or self.transport.is_closing():
            # The sender does not read what it is told.
            self.transport.abort()
        elif self._closing or self.idle:
            self.close()
        elif not self._keeps_pace():
            what = "head" if self._message is None else "body"
            self._refuse(_too_slow(f"{what} did not arrive in time"))

    def finish(self) -> None:
        """Answer the request that is being handled or on its way, then close."""
        self._last = True
        if self.idle:
            self.close()

    def close(self) -> None:
        """Close now; what is written still goes out."""
        self._closing = True
        self.deadline = self._loop.time() + self._host.limits.answer_seconds
        if self.transport is not None:
            self.transport.close()

    def turn_away(self, answer: Answer) -> None:
        """Answer what has not been asked yet, and close."""
        self._write(answer, last=True)
        self.close()

    def _introduce(self, data: bytes) -> bytes:
        """Take the PROXY header off the beginning; what is left is the sender's."""
        try:
            header = proxy_protocol.parse(data)
        except ConnectorError as error:
            # Who does not speak the protocol is no proxy of ours, and gets no answer.
            self._host.refuse(None, error)
            self.close()
            return b""
        if header is None:
            self._opening = data
            return b""
        self._opening = None
        self._host.introduced(self, header)
        return b"" if self._closing else data[header.size :]

    def _feed(self, data: bytes) -> None:
        try:
            messages, _, _ = self._parser.feed_data(data)  # type: ignore[union-attr]  # there is one, always
            if messages:
                self._message, self._payload = messages[0]
                check_framing(self._message)
                check_size(self._message, self._host.limits.max_head_bytes)
                # The parser would take what follows for another protocol, which is none of ours, or pass over it.
                self._last = self._last or self._message.should_close or self._message.upgrade
            if self._message is None:
                self._await_head(len(data))
            elif not self._read(self._message) and messages:
                self._await_body()
                self._invite(self._message)
        except HttpProcessingError as error:
            self._refuse(malformed(error))
        except ConnectorError as error:
            self._refuse(error)

    def _await_head(self, size: int) -> None:
        if size and not self._begun:
            self._begun = True
            self.deadline = self._loop.time() + self._host.request_seconds
        self._head_size += size
        if self._head_size > self._host.limits.max_head_bytes + MAX_TARGET_BYTES:
            raise too_many_bytes(self._host.limits.max_head_bytes)

    def _await_body(self) -> None:
        now = self._loop.time()
        self._body_deadline = now + self._host.limits.body_seconds
        self.deadline = min(self._body_deadline, now + _PACE_SECONDS)

    def _keeps_pace(self) -> bool:
        """Whether the body may go on: enough of it has arrived since the last look."""
        now = self._loop.time()
        arrived, self._paced = self._size - self._paced, self._size
        pace = self._host.limits.min_body_bytes_per_second * _PACE_SECONDS
        if self._message is None or now >= self._body_deadline or arrived < pace:
            return False
        self.deadline = min(self._body_deadline, now + _PACE_SECONDS)
        return True

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
                self._hold(self._size)
                return False
            self._parser.feed_data(b"")  # type: ignore[union-attr]  # there is one, always

    def _hold(self, size: int) -> None:
        """So much of a body waits here for its rest, or to be answered. Raises ConnectorError (OVERLOADED)."""
        self._host.held_bytes += size - self._holding
        self._holding = size
        if size and self._host.held_bytes > self._host.max_held_bytes:
            raise ConnectorError(Reason.OVERLOADED, "We have taken as much as we can hold; nothing was accepted.")

    def _invite(self, message: RawRequestMessage) -> None:
        """Some senders hold a body back until they are told to go on. Raises ConnectorError if it is too large."""
        if int(message.headers.get("Content-Length", 0)) > self._host.max_body_bytes:
            raise too_large(self._host.max_body_bytes)
        if message.headers.get("Expect", "").lower() == "100-continue" and self.transport is not None:
            self.transport.write(_CONTINUE)

    async def _serve(self, message: RawRequestMessage, body: bytes) -> None:
        answer = await self._host.answer(message, body, self.peer)
        last = self._last or answer.closes or self._host.draining
        self._write(answer, last=last, bare=message.method == "HEAD")
        if last:
            self.close()
            return
        if self.writing_paused:
            self.deadline = self._loop.time() + self._host.limits.answer_seconds
            try:
                await self._drain_helper()
            except ConnectionError:
                return
        self._next()

    def _next(self) -> None:
        """Turn to the next request, which may be here already."""
        self._task = None
        self._message, self._payload, self._body, self._size, self._begun = None, EMPTY_PAYLOAD, [], 0, False
        self._paced, self._head_size = 0, 0
        if self._holding:
            self._hold(0)
        if self.transport is None:
            return
        self.idle_since = self._loop.time()
        self.deadline = self.idle_since + self._host.limits.idle_seconds
        self._parser.message_consumed()  # type: ignore[union-attr]  # there is one, always
        self._feed(b"")
        if self._held:
            self._read_on()

    def _read_on(self) -> None:
        """Turn to what has come meanwhile, if the parser has not got a whole request already."""
        if self._closing:
            return
        if self._task is None and self._early:
            early, self._early = self._early, b""
            self._feed(early)
        # Only now: as long as requests are left of what was read, more would pile up behind them.
        if self._task is None:
            self._held = False
            self._resume_transport_reading()

    def _refuse(self, error: ConnectorError) -> None:
        """Answer, then wait a little for the sender to stop, who would not read the answer if we closed at once."""
        self._write(self._host.refuse(self._message, error), last=True)
        self._body = []
        self._hold(0)
        self._closing = True
        self.deadline = self._loop.time() + _LINGER_SECONDS
        if self.transport is not None and self.transport.can_write_eof():
            self.transport.write_eof()

    def _write(self, answer: Answer, *, last: bool, bare: bool = False) -> None:
        if self.transport is not None:
            self.transport.write(answer.bytes(self._host.date, last=last, bare=bare))


def _too_slow(what: str) -> ConnectorError:
    return ConnectorError(Reason.REQUEST_TIMEOUT, f"The {what}.")
