"""What an answer must be like, whatever was sent: well-formed HTTP, and nothing in it that is nobody's business."""

import json
import re
from typing import Any, NamedTuple

from tests.attacks.targets import CANARY, STANDARD_SECRET

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [A-Za-z -]+")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\x20-\x7e\x80-\xff]*)")
_TELLTALES = (b"Traceback", b'File "', b"Error(", CANARY.encode(), STANDARD_SECRET[6:].encode(), b"site-packages")


class Answer(NamedTuple):
    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def reason(self) -> str:
        """Of a refusal."""
        document: Any = json.loads(self.body)
        return str(document["error"]["reason"])


class MalformedAnswerError(Exception):
    """Bytes that no sender could read."""


def parse(text: bytes, *, bare: bool = False) -> list[Answer]:
    """The answers on a connection. bare: one may be to a HEAD request. Raises MalformedAnswerError."""
    found = []
    while text:
        head, end, rest = text.partition(b"\r\n\r\n")
        line, *lines = head.split(b"\r\n")
        status = _STATUS_LINE.fullmatch(line)
        fields = [_FIELD.fullmatch(one) for one in lines]
        if not end or status is None or None in fields:
            raise MalformedAnswerError(text)
        named = {one[1].decode().lower(): one[2].decode("latin-1") for one in fields if one is not None}
        if len(named) != len(fields):
            raise MalformedAnswerError(text)
        size = int(named["content-length"]) if int(status[1]) != 100 else 0
        if bare and (not rest or rest.startswith(b"HTTP/1.1 ")):
            size = 0
        body = rest[:size]
        if len(body) < size:
            raise MalformedAnswerError(text)
        found.append(Answer(int(status[1]), named, body))
        text = rest[size:]
    return found


def telltales(text: bytes) -> list[bytes]:
    """What nobody outside may see."""
    return [one for one in _TELLTALES if one in text]
