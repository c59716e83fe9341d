"""The events that the sinks' tests write."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from router.api import Batch, Event, Schema, Secret, TopicPartition

NOW = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)
PARTITION = TopicPartition("cluster", "topic-id", "orders.v1", 0)
SIGNING_SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def secret(value: str) -> Secret:
    return Secret("${env:EXAMPLE}", lambda _reference: value)


def event(number: int, **changes: Any) -> Event:
    example = Event(
        id=f"e{number}",
        source="/shop/orders",
        type="order.paid",
        subject=f"order-{number}",
        time=NOW,
        datacontenttype="application/json",
        dataschema=None,
        tenant=None,
        idempotency_key=f"/shop/orders#e{number}",
        traceparent=None,
        ingested_at=NOW,
        connector="orders",
        data=b'{"amount": 1}',
        key=b"k",
        version=number,
    )
    return example._replace(**changes)


def batch(
    events: Sequence[Event],
    first: int,
    following: int | None = None,
    schema: Schema | None = None,
    partition: TopicPartition = PARTITION,
) -> Batch:
    return Batch(partition, tuple(events), first, first + len(events) if following is None else following, schema)


def record(*fields: dict[str, Any]) -> Schema:
    """The schema of data with these fields."""
    return Schema({"type": "record", "name": "Order", "namespace": "shop", "fields": list(fields)})


def field(name: str, avro: Any) -> dict[str, Any]:
    return {"name": name, "type": avro}
