"""Reads answers in HTTP/1.1 (RFC 9112) from the bytes of a connection; bodies are dropped but for their beginning."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from sinks.http.errors import AnswerError

MAX_HEAD_BYTES = 65_536
MAX_BODY_BYTES = 1_048_576
MAX_KEPT_BYTES = 65_536
_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: .*)?", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_FINAL = 200
_SWITCHING_PROTOCOLS = 101
_WITHOUT_BODY = (_SWITCHING_PROTOCOLS, 204, 304)
_LINE_END = b"\r\n"


class Answer(NamedTuple):
    """The status, and the headers by lower-case names; of repeated ones the last. body: its beginning, if kept."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class AnswerReader:
    """Reads one answer. `answer` is set when it is complete; `reusable` says whether another may follow."""

    def __init__(self, *, keep_body: bool = False) -> None:
        self.answer: Answer | None = None
        self.reusable = False
        self._head: Answer | None = None
        self._buffer = b""
        self._at = 0
        """Where in the buffer unread bytes begin: they are only moved once for each piece that arrives."""
        self._chunked = False
        self._in_trailer = False
        self._left: int | None = None
        """Bytes still to come of the body, or of the chunk with its line end; None: the body ends with the connection,
        or a chunk's size comes next."""
        self._read = 0
        self._kept = bytearray() if keep_body else None

    def feed(self, data: bytes) -> None:
        """Take what has arrived. Raises AnswerError if it is not HTTP."""
        if self.answer is not None:
            self.reusable = self.reusable and not data  # more than was asked for
            return
        self._buffer = self._buffer[self._at :] + data if self._at < len(self._buffer) else data
        self._at = 0
        while self._head is None:
            end = self._buffer.find(b"\r\n\r\n", self._at)
            if (len(self._buffer) if end < 0 else end) - self._at > MAX_HEAD_BYTES:
                raise AnswerError
            if end < 0:
                return
            head, self._at = self._buffer[self._at : end], end + 4
            self._begin(head)
        if (self._read_chunks() if self._chunked else self._read_body()) or self._read > MAX_BODY_BYTES:
            # Also where only the status is known so far: what follows is not worth the connection.
            self.reusable = self.reusable and self._read <= MAX_BODY_BYTES and not self._unread
            self._complete()

    def end(self) -> None:
        """The connection has ended. Raises AnswerError if the answer has not."""
        self.reusable = False
        if self.answer is None:
            if self._head is None or self._chunked or self._left is not None:
                raise AnswerError
            self._complete()

    def _complete(self) -> None:
        head = self._head
        self.answer = head._replace(body=bytes(self._kept)) if head and self._kept else head

    def _begin(self, head: bytes) -> None:
        start, *lines = head.decode("latin-1").split("\r\n")
        found = _STATUS_LINE.fullmatch(start)
        if found is None:
            raise AnswerError
        status, headers = int(found[2]), _headers(lines)
        if status < _FINAL and status != _SWITCHING_PROTOCOLS:
            return
        self._head = Answer(status, headers)
        connection = headers.get("connection", "").lower()
        persistent = "close" not in connection and (found[1] == "1" or "keep-alive" in connection)
        self.reusable = persistent and status != _SWITCHING_PROTOCOLS
        self._frame(status, headers)

    def _frame(self, status: int, headers: Mapping[str, str]) -> None:
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        if status in _WITHOUT_BODY:
            self._left = 0
        elif coding is not None:
            if coding.lower() != "chunked" or length is not None:
                raise AnswerError
            self._chunked = True
        elif length is not None:
            if not _LENGTH.fullmatch(length):
                raise AnswerError
            self._left = int(length)

    @property
    def _unread(self) -> int:
        return len(self._buffer) - self._at

    def _drop(self, count: int) -> None:
        self._at += count
        self._read += count

    def _take(self, count: int) -> None:
        """Drop a piece of the body, or keep it."""
        if self._kept is not None and len(self._kept) < MAX_KEPT_BYTES:
            kept = min(count, MAX_KEPT_BYTES - len(self._kept))
            self._kept += self._buffer[self._at : self._at + kept]
        self._drop(count)

    def _read_body(self) -> bool:
        """Take what has arrived; True at the end of the body."""
        if self._left is None:
            self._take(self._unread)
            return False
        arrived = min(self._left, self._unread)
        self._take(arrived)
        self._left -= arrived
        return self._left == 0

    def _read_chunks(self) -> bool:
        """Take what has arrived; True at the end of the trailer."""
        while self._left is None or self._read_chunk():
            end = self._buffer.find(_LINE_END, self._at)
            if (len(self._buffer) if end < 0 else end) - self._at > MAX_HEAD_BYTES:
                raise AnswerError
            if end < 0:
                return False
            line = self._buffer[self._at : end]
            self._drop(len(line) + len(_LINE_END))
            if self._in_trailer:
                if not line:
                    return True
                continue
            size = _CHUNK.fullmatch(line)
            if size is None:
                raise AnswerError
            length = int(size[1], 16)
            self._in_trailer = length == 0
            self._left = length + len(_LINE_END) if length else None
        return False

    def _read_chunk(self) -> bool:
        """Take what has arrived of a chunk; True at its end. Raises AnswerError if no line end follows its data."""
        left = self._left or 0
        data = min(left - len(_LINE_END), self._unread)
        self._take(data)
        self._left = left - data
        if self._left == len(_LINE_END) and self._unread:
            arrived = self._buffer[self._at : self._at + len(_LINE_END)]
            if not _LINE_END.startswith(arrived):
                raise AnswerError
            if arrived == _LINE_END:
                self._drop(len(_LINE_END))
                self._left = None
        return self._left is None


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise AnswerError
        name, value = name.lower(), value.strip(" \t")
        if name in ("content-length", "transfer-encoding") and headers.get(name, value) != value:
            raise AnswerError
        headers[name] = value
    return headers
