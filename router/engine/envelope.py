"""What an engine gets: an event, with its place in the log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from router.api import Event
from router.delivery.dead_letter import Origin


class Envelope(NamedTuple):
    """One event.

    The attributes are those of CloudEvents 1.0; the rest:

    idempotency_key: the same for every copy of the same event. data: bytes, byte-exact, or a mapping of the topic's
    schema; None means deletion. key: the Kafka key, by which order is kept. topic, partition, offset: where it stands.
    """

    id: str
    source: str
    type: str
    subject: str | None
    time: datetime | None
    tenant: str | None
    idempotency_key: str
    traceparent: str | None
    data: bytes | Mapping[str, Any] | None
    key: bytes
    topic: str
    partition: int
    offset: int

    @classmethod
    def of(cls, event: Event, record: Origin) -> "Envelope":
        """The envelope of an event that was read from the record."""
        return cls(
            event.id,
            event.source,
            event.type,
            event.subject,
            event.time,
            event.tenant,
            event.idempotency_key,
            event.traceparent,
            event.data,
            event.key,
            record.topic,
            record.partition,
            record.offset,
        )
