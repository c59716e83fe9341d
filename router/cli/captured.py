"""A request in a file: as it was on the wire, or as JSON."""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from router.api import ConnectorError, Peer, Reason, Request

_FORM = (
    "Give the request as it was sent (request line, headers, an empty line, the body), or as JSON: "
    '{"method": "POST", "url": "https://…", "headers": {…}, "body": "…"} or "body_base64".'
)


class Captured(NamedTuple):
    """The parts of a request."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def request(self, received_at: float) -> Request:
        """As an endpoint would have got it at this time."""
        url = urlsplit(self.url)
        peer = Peer("", url.scheme or "http", url.netloc or None)
        return Request(self.method, url.path, self.headers, self.body, received_at, url.query, peer)


def parse(content: bytes) -> Captured:
    """The request in a file's content. Raises ConnectorError (USAGE)."""
    try:
        return _from_json(json.loads(content)) if content.lstrip()[:1] == b"{" else _from_wire(content)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise ConnectorError(Reason.USAGE, "The file holds no request.", fix=_FORM) from error


def _from_wire(content: bytes) -> Captured:
    head, body = _split(content)
    line, *lines = head.decode("latin-1").splitlines()
    method, target, version = line.split(" ")
    if not version.startswith("HTTP/"):
        raise ValueError(version)
    pairs = [each.partition(":") for each in lines]
    if not all(colon for _, colon, _ in pairs):
        raise ValueError(line)
    return Captured(method, target, _headers((name, value) for name, _, value in pairs), body)


def _split(content: bytes) -> tuple[bytes, bytes]:
    """At the first empty line, whose line end is that of the first line."""
    first = content.split(b"\n", 1)[0]
    empty = b"\r\n\r\n" if first.endswith(b"\r") else b"\n\n"
    head, _, body = content.partition(empty)
    return head, body


def _from_json(told: Any) -> Captured:
    headers = told.get("headers") or {}
    pairs = headers.items() if isinstance(headers, dict) else ((name, value) for name, value in headers)
    encoded = told.get("body_base64")
    body = base64.b64decode(encoded, validate=True) if encoded is not None else told.get("body", "").encode()
    return Captured(told.get("method", "POST"), told.get("url") or told["path"], _headers(pairs), body)


def _headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple([(name.strip().lower(), value.strip()) for name, value in pairs])
