"""An envelope to encode."""

from datetime import UTC, datetime
from typing import Any

from router.envelope.codec import micros

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
