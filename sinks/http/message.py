"""An event as the headers and the body of a POST: CloudEvents' binary mode, signed by Standard Webhooks.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import orjson

from router.api import ConnectorError, Event, Reason
from sinks.http.signing import Signer, message_id

_TO_ENCODE = re.compile(r"[^\x21\x23\x24\x26-\x7e]")
_KEPT = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
_CONTENT_TYPE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,254}[\x21-\x7e])?")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]{1,128})?")


def body_of(event: Event) -> bytes:
    """The data's bytes as they are, or typed data as JSON. Raises ConnectorError (PAYLOAD_MALFORMED).

    In JSON, decimals are strings, bytes base64, dates and times RFC 3339; NaN and infinity, which JSON lacks, null.
    """
    if isinstance(event.data, bytes):
        return event.data
    if event.data is None:
        return b""
    try:
        return orjson.dumps(event.data, _plain)
    except TypeError as error:
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, "The data cannot be written as JSON.") from error


def headers_of(event: Event, body: bytes, signer: Signer, now: float) -> dict[str, str]:
    """The event's own headers. now: seconds since the epoch. Raises ConnectorError (SECRET_NOT_FOUND …)."""
    identifier, timestamp = message_id(event.idempotency_key), str(int(now))
    headers = {
        "webhook-id": identifier,
        "webhook-timestamp": timestamp,
        "webhook-signature": signer.sign(identifier, timestamp, body),
        "idempotency-key": percent_encoded(event.idempotency_key),
        "ce-specversion": "1.0",
        "ce-id": percent_encoded(event.id),
        "ce-source": percent_encoded(event.source),
        "ce-type": percent_encoded(event.type),
    }
    if event.data is not None:
        headers["content-type"] = _content_type(event)
    if event.subject:
        headers["ce-subject"] = percent_encoded(event.subject)
    if event.time is not None:
        headers["ce-time"] = _rfc3339(event.time)
    if event.dataschema:
        headers["ce-dataschema"] = percent_encoded(event.dataschema)
    if event.traceparent and _TRACEPARENT.fullmatch(event.traceparent):
        headers["traceparent"] = event.traceparent
    return headers


def percent_encoded(value: str) -> str:
    """As the HTTP binding has it: spaces, double quotes, percent signs and all but printable ASCII as %XX of UTF-8.

    So no value can end a header, and two values never become the same.
    """
    if _TO_ENCODE.search(value) is None:
        return value
    return quote(value, safe=_KEPT, errors="surrogatepass")


def _content_type(event: Event) -> str:
    if isinstance(event.data, Mapping):
        return "application/json"
    if event.datacontenttype and _CONTENT_TYPE.fullmatch(event.datacontenttype):
        return event.datacontenttype
    return "application/octet-stream"


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError
