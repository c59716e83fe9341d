"""What an HMAC signs, as a configuration says it: a text in which places stand for parts of the request.

Two different requests must never give the same bytes. So an id or a header is kept apart from its neighbours by text
of which it has no character; a timestamp needs none, since with another number of digits it is out of its window.
"""

import re
from typing import NamedTuple

from router.api import ConnectorError, Reason, Request
from sources.webhook.encoding import check_window, single, timestamp

BODY, TIMESTAMP, ID, URL, METHOD = "body", "timestamp", "id", "url", "method"
_HEADER = "header:"
_SPLIT = re.compile(r"\{([^{}]*)\}")
_PLACE = re.compile(r"body|timestamp|id|url|method|header:[a-z0-9-]{1,64}")
_MAX_CHARACTERS = 255


class _Part(NamedTuple):
    """place: empty for text, which `text` has then. apart: the characters that separate a place from its neighbours."""

    place: str
    text: bytes = b""
    apart: str = ""


class Template:
    """A template, ready to be filled in."""

    def __init__(
        self,
        text: str,
        *,
        timestamp_header: str | None = None,
        id_header: str | None = None,
        tolerance_seconds: int = 300,
    ) -> None:
        """Raises ValueError, which says what is wrong with the template."""
        self._parts = _parts(text)
        self._timestamp_header = timestamp_header
        self._id_header = id_header
        self._tolerance_seconds = tolerance_seconds
        self._body_alone = [part.place for part in self._parts] == [BODY]
        places = [part.place for part in self._parts if part.place]
        for place, header in ((TIMESTAMP, timestamp_header), (ID, id_header)):
            if places.count(place) != (header is not None):
                message = f"must have {{{place}}} once if there is a `{place}_header`, and else not at all"
                raise ValueError(message)
        if places.count(BODY) != 1:
            message = "must have {body} once"
            raise ValueError(message)

    def fill(self, request: Request) -> bytes:
        """The bytes that are signed.

        Raises ConnectorError: AUTH_FAILED, INPUT_INVALID, if the timestamp, the id or a header cannot be used.
        """
        if self._body_alone:
            return request.body
        return b"".join([part.text or self._value(part, request) for part in self._parts])

    def _value(self, part: _Part, request: Request) -> bytes:
        match part.place:
            case "body":
                return request.body
            case "timestamp":
                sent_at = single(request, self._timestamp_header or "", Reason.TIMESTAMP_MISSING)
                check_window(timestamp(sent_at), request.received_at, self._tolerance_seconds)
                return sent_at.encode()
            case "id":
                return _apart(part, single(request, self._id_header or "", Reason.ID_MALFORMED), Reason.ID_MALFORMED)
            case "url":
                return request.url.encode("latin-1", "backslashreplace")
            case "method":
                return request.method.encode("latin-1", "backslashreplace")
            case _:
                value = single(request, part.place.removeprefix(_HEADER), Reason.SIGNATURE_MISSING)
                return _apart(part, value, Reason.SIGNATURE_MALFORMED)


def _parts(text: str) -> list[_Part]:
    pieces = _SPLIT.split(text)
    for index, piece in enumerate(pieces):
        if index % 2 and not _PLACE.fullmatch(piece):
            message = (
                f"has {{{piece}}}; there are {{timestamp}}, {{body}}, {{id}}, {{url}}, {{method}}, {{header:name}}"
            )
            raise ValueError(message)
        if not index % 2 and ("{" in piece or "}" in piece):
            message = "has a brace that belongs to no place"
            raise ValueError(message)
    return [_part(pieces, index) for index, piece in enumerate(pieces) if piece]


def _part(pieces: list[str], index: int) -> _Part:
    place = pieces[index]
    if not index % 2:
        return _Part("", place.encode())
    if place != ID and not place.startswith(_HEADER):
        return _Part(place)
    before, after = pieces[index - 1], pieces[index + 1]
    if (not before and index > 1) or (not after and index < len(pieces) - 2):
        message = f"must have some text, such as a dot, between {{{place}}} and the places beside it"
        raise ValueError(message)
    # Text at the very beginning or end separates nothing.
    return _Part(place, apart=(before[-1:] if index > 1 else "") + (after[:1] if index < len(pieces) - 2 else ""))


def _apart(part: _Part, value: str, reason: Reason) -> bytes:
    if len(value) > _MAX_CHARACTERS or not value.isprintable() or not value.isascii() or set(part.apart) & set(value):
        message = f"What stands for {{{part.place}}} must be at most {_MAX_CHARACTERS} printable ASCII characters"
        raise ConnectorError(reason, f"{message}{f', none of them {part.apart!r}' if part.apart else ''}.")
    return value.encode()
