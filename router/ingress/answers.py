"""What a sender is told: short JSON, never a traceback, and nothing that helps to probe for endpoints."""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import NamedTuple

import orjson

from router.api import ConnectorError, ErrorClass, Items, Reason, Record, Reply
from router.ingress.trace import trace_id

_RETRY_AFTER_SECONDS = 5
_UNAUTHENTICATED = ("UNAUTHENTICATED", "The request is not authenticated for this path.")
_INTERNAL = ("INTERNAL_BUG", "An unforeseen error; nothing was accepted. Send the event again.")
_COME_AGAIN = (503, 507)
_BROKEN = (Reason.PAYLOAD_ENCODING, Reason.REQUEST_TIMEOUT, Reason.PAYLOAD_MALFORMED)
"""After these it is unknown where the next request on the connection would begin."""

_STATUS_LINES: Mapping[int, bytes] = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_JSON = b"Content-Type: application/json\r\n"


class Answer(NamedTuple):
    """A response. closes: the connection is of no use after it. reason: why the request was refused.

    headers: as they are sent, each with its line end.
    """

    status: int
    body: bytes
    traceparent: str
    closes: bool = False
    reason: Reason | None = None
    headers: bytes = _JSON

    def bytes(self, date: bytes, *, last: bool, bare: bool) -> bytes:
        """As it is sent. date: as the header has it. last: tell that the connection closes. bare: to a HEAD request."""
        retry = b"Retry-After: %d\r\n" % _RETRY_AFTER_SECONDS if self.status in _COME_AGAIN else b""
        return b"%b%b%bDate: %b\r\ntraceparent: %b\r\n%b%b\r\n%b" % (
            _STATUS_LINES[self.status],
            self.headers,
            # RFC 9110, 8.6: a 204 has none.
            b"Content-Length: %d\r\n" % len(self.body) if self.status != HTTPStatus.NO_CONTENT else b"",
            date,
            self.traceparent.encode(),
            retry,
            b"Connection: close\r\n" if last else b"",
            b"" if bare else self.body,
        )


def accepted(parent: str, count: int) -> Answer:
    """202: the events are durable."""
    return Answer(202, b'{"accepted":%d,"trace_id":"%b"}' % (count, trace_id(parent).encode()), parent)


def items(batch: Items, parent: str) -> Answer:
    """207: the outcome of each item, in order, as the taxonomy has it; the accepted ones are durable."""
    outcomes = [
        {"status": 202} if isinstance(item, Record) else {"status": item.spec.http_status, "error": _details(item)}
        for item in batch.items
    ]
    count = sum(isinstance(item, Record) for item in batch.items)
    return Answer(207, orjson.dumps({"accepted": count, "trace_id": trace_id(parent), "items": outcomes}), parent)


def replied(reply: Reply, parent: str) -> Answer:
    """What a receiver answers itself."""
    headers = "".join([f"{name}: {value}\r\n" for name, value in reply.headers])
    return Answer(reply.status, reply.body, parent, headers=headers.encode("latin-1"))


def refused(error: ConnectorError, parent: str) -> Answer:
    """The status of the taxonomy.

    Whatever is wrong with a signature, and a path without an endpoint, is answered alike; the metrics and the log
    have the reason.
    """
    status = error.spec.http_status
    if error.error_class is ErrorClass.AUTH_FAILED:
        reason, message = _UNAUTHENTICATED
    elif error.error_class in (ErrorClass.CONFIG, ErrorClass.INTERNAL_BUG, ErrorClass.PERMISSION, ErrorClass.FENCED):
        # Ours to mend: the sender learns that nothing was accepted, not why.
        return internal(parent, error.reason)
    else:
        reason, message = str(error.reason), error.message
    headers = _JSON
    if status == HTTPStatus.TOO_MANY_REQUESTS and error.retry_after_seconds is not None:
        headers += b"Retry-After: %d\r\n" % max(1, ceil(error.retry_after_seconds))
    return Answer(status, _error(reason, message, parent), parent, error.reason in _BROKEN, error.reason, headers)


def internal(parent: str, reason: Reason = Reason.INTERNAL_BUG) -> Answer:
    """500: an error of ours. reason: not for the sender."""
    return Answer(500, _error(*_INTERNAL, parent), parent, reason=reason)


def _details(error: ConnectorError) -> dict[str, str]:
    return {"reason": error.reason, "message": error.message}


def _error(reason: str, message: str, parent: str) -> bytes:
    return orjson.dumps({"error": {"reason": reason, "message": message, "trace_id": trace_id(parent)}})
