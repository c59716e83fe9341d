"""The JSON of a CloudEvent, and an event's data as the bytes of a record.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

import re
from base64 import b64encode
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from router.api import ConnectorError, Event, Reason

CONTENT_TYPE = b"application/cloudevents+json; charset=UTF-8"
_JSON = re.compile(r"[^/;\s]+/([^/;\s]+\+)?json\s*(;.*)?", re.IGNORECASE)


def data_bytes(event: Event) -> bytes:
    """The data's bytes as they are, or typed data as JSON. Raises ConnectorError (PAYLOAD_MALFORMED).

    In JSON, decimals are strings, bytes base64, dates and times RFC 3339; NaN and infinity, which JSON lacks, null.
    """
    if isinstance(event.data, bytes):
        return event.data
    return b"" if event.data is None else _json(event.data)


def structured(event: Event) -> bytes:
    """The event as one JSON object. Raises ConnectorError (PAYLOAD_MALFORMED)."""
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": None if event.time is None else rfc3339(event.time),
        "datacontenttype": content_type(event),
        "dataschema": event.dataschema,
        "idempotencykey": event.idempotency_key,
        "tenant": event.tenant,
        "traceparent": event.traceparent,
    }
    present = {name: value for name, value in attributes.items() if value is not None}
    return _json(present | _data(event))


def content_type(event: Event) -> str | None:
    """The type of the data's bytes; None if there is no data, or nobody said."""
    if event.data is None:
        return None
    return event.datacontenttype if isinstance(event.data, bytes) else "application/json"


def rfc3339(time: datetime) -> str:
    """The time in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _data(event: Event) -> dict[str, Any]:
    if event.data is None:
        return {}
    if not isinstance(event.data, bytes):
        return {"data": event.data}
    if event.datacontenttype and _JSON.fullmatch(event.datacontenttype) and _is_json(event.data):
        # As it is: parsed and written again, large numbers would not be the same.
        return {"data": orjson.Fragment(event.data)}
    return {"data_base64": b64encode(event.data).decode()}


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value, _plain)
    except TypeError as error:
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, "The data cannot be written as JSON.") from error


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError
