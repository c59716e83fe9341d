"""Reads answers in HTTP/1.1 (RFC 9112) from the bytes of a connection; bodies are counted and dropped."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from sinks.http.errors import AnswerError

MAX_HEAD_BYTES = 65_536
MAX_BODY_BYTES = 65_536
_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: .*)?", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_FINAL = 200
_SWITCHING_PROTOCOLS = 101
_WITHOUT_BODY = (_SWITCHING_PROTOCOLS, 204, 304)
_LINE_END = b"\r\n"


class Answer(NamedTuple):
    """The status, and the headers by lower-case names; of repeated ones the last."""

    status: int
    headers: Mapping[str, str]


class AnswerReader:
    """Reads one answer. `answer` is set when it is complete; `reusable` says whether another may follow."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.reusable = False
        self._head: Answer | None = None
        self._buffer = b""
        self._chunked = False
        self._in_trailer = False
        self._left: int | None = None
        """Bytes still to come of the body, or of the chunk with its line end; None: the body ends with the connection,
        or a chunk's size comes next."""
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        """Take what has arrived. Raises AnswerError if it is not HTTP."""
        if self.answer is not None:
            self.reusable = self.reusable and not data  # more than was asked for
            return
        self._buffer = self._buffer + data if self._buffer else data
        while self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end > MAX_HEAD_BYTES or (end < 0 and len(self._buffer) > MAX_HEAD_BYTES):
                raise AnswerError
            if end < 0:
                return
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            self._begin(head)
        if (self._drop_chunks() if self._chunked else self._drop_body()) or self._dropped > MAX_BODY_BYTES:
            # Also where only the status is known so far: what follows is not worth the connection.
            self.reusable = self.reusable and self._dropped <= MAX_BODY_BYTES and not self._buffer
            self.answer = self._head

    def end(self) -> None:
        """The connection has ended. Raises AnswerError if the answer has not."""
        self.reusable = False
        if self.answer is None:
            if self._head is None or self._chunked or self._left is not None:
                raise AnswerError
            self.answer = self._head

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

    def _drop(self, count: int) -> None:
        self._buffer = self._buffer[count:]
        self._dropped += count

    def _drop_body(self) -> bool:
        """Drop what has arrived; True at the end of the body."""
        if self._left is None:
            self._drop(len(self._buffer))
            return False
        arrived = min(self._left, len(self._buffer))
        self._drop(arrived)
        self._left -= arrived
        return self._left == 0

    def _drop_chunks(self) -> bool:
        """Drop what has arrived; True at the end of the trailer."""
        while self._left is None or self._drop_chunk():
            line, found, _ = self._buffer.partition(_LINE_END)
            if len(line) > MAX_HEAD_BYTES:
                raise AnswerError
            if not found:
                return False
            self._drop(len(line) + len(found))
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

    def _drop_chunk(self) -> bool:
        """Drop what has arrived of a chunk; True at its end. Raises AnswerError if no line end follows its data."""
        left = self._left or 0
        data = min(max(left - len(_LINE_END), 0), len(self._buffer))
        self._drop(data)
        left = self._left = left - data
        if left <= len(_LINE_END) and self._buffer:
            if not self._buffer.startswith(_LINE_END[: len(self._buffer)]):
                raise AnswerError
            if len(self._buffer) >= left:
                self._drop(left)
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
