"""Envelopes to encode."""

from datetime import UTC, datetime
from typing import Any

from router.envelope.attributes import Attributes
from router.envelope.codec import Encoder, micros

NOW = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)


def envelope(**changes: Any) -> dict[str, Any]:
    """The fields of an envelope."""
    return {
        "id": "evt-1",
        "source": "/shop/orders",
        "type": "order.paid",
        "subject": "order-1",
        "time": micros(NOW),
        "datacontenttype": "application/json",
        "dataschema": None,
        "tenant": None,
        "idempotency_key": "/shop/orders#evt-1",
        "traceparent": None,
        "ingested_at": micros(NOW),
        "connector": "orders",
        "data": b'{"amount": 1}',
    } | changes


def encoded(encoder: Encoder, fields: dict[str, Any]) -> bytes:
    """The value of an envelope's fields, with texts as texts."""
    values: Any = {name: value.encode() if isinstance(value, str) else value for name, value in fields.items()}
    data = fields["data"]
    return encoder.encode(Attributes(**{name: values[name] for name in Attributes._fields}), data)
