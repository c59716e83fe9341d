"""What the head of a request may be like: how large, and in which version and coding its body comes."""

import re

from aiohttp import HttpVersion10, HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.http_parser import RawRequestMessage

from router.api import ConnectorError, Reason

MAX_TARGET_BYTES = 8_190
"""Of the path with the query. Not the same number as the next: the parser's error tells which it was by the number."""

MAX_FIELD_BYTES = 8_192
"""Of one header field, name and value."""

_VERSIONS = (HttpVersion11, HttpVersion10)
_HOST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:\[\]%-]*")
_TOO_MANY = "Too many headers received"


def malformed(error: HttpProcessingError) -> ConnectorError:
    """Why the parser refuses the request, without a word of what was sent."""
    if isinstance(error, LineTooLong):
        if error.args[1] == MAX_TARGET_BYTES:
            message = f"The path and query are longer than {MAX_TARGET_BYTES} bytes."
            return ConnectorError(Reason.TARGET_TOO_LONG, message)
        return ConnectorError(Reason.HEAD_TOO_LARGE, f"A header field is longer than {MAX_FIELD_BYTES} bytes.")
    if error.message == _TOO_MANY:
        return ConnectorError(Reason.HEAD_TOO_LARGE, "The request has too many header fields.")
    return _not_well_formed()


def check_framing(message: RawRequestMessage) -> None:
    """Raises ConnectorError (PAYLOAD_MALFORMED) if a proxy could see another request than the parser does.

    The parser takes any version for one of ours, and a coding without a name, or behind which HTTP/1.0 has none, for
    none: https://www.rfc-editor.org/rfc/rfc9112#name-transfer-encoding.
    """
    headers, version = message.headers, message.version
    if version not in _VERSIONS or not _HOST.fullmatch(headers.get("Host", "")):
        raise _not_well_formed()
    coding = headers.get("Transfer-Encoding")
    if coding is not None and (coding.lower() != "chunked" or version != HttpVersion11):
        raise _not_well_formed()


def check_size(message: RawRequestMessage, limit: int) -> None:
    """Raises ConnectorError (HEAD_TOO_LARGE) if the header fields exceed the limit together, in bytes."""
    fields = message.raw_headers
    # As few as these cannot exceed it: the parser bounds each.
    if len(fields) * MAX_FIELD_BYTES > limit and sum([len(name) + len(value) for name, value in fields]) > limit:
        raise too_many_bytes(limit)


def too_many_bytes(limit: int) -> ConnectorError:
    """HEAD_TOO_LARGE, with the limit in bytes."""
    return ConnectorError(Reason.HEAD_TOO_LARGE, f"The header fields are larger than {limit} bytes together.")


def _not_well_formed() -> ConnectorError:
    return ConnectorError(Reason.PAYLOAD_MALFORMED, "The request is not well-formed HTTP.")
