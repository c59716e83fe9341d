"""What a sink receives: decoded envelopes with their place in the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from router.api.record import Schema


class Event(NamedTuple):
    """One envelope. A tuple, since one is made for every record of the hot path.

    The attributes are those of CloudEvents 1.0; the rest:
    idempotency_key: the same for every delivery of the same event, at most 512 characters.
    ingested_at: when the runtime took it over.
    connector: the name of the source's configuration.
    data: bytes, byte-exact, or a mapping that `Batch.schema` describes; None means deletion.
    key: the Kafka key, by which order is kept.
    version: grows with every event of the same key, also through replay; an upsert must refuse a smaller one.
    """

    id: str
    source: str
    type: str
    subject: str | None
    time: datetime | None
    datacontenttype: str | None
    dataschema: str | None
    tenant: str | None
    idempotency_key: str
    traceparent: str | None
    ingested_at: datetime
    connector: str
    data: bytes | Mapping[str, Any] | None
    key: bytes
    version: int


@dataclass(frozen=True, slots=True)
class TopicPartition:
    """A partition of one incarnation of a topic: after deleting and recreating it, `topic_id` differs."""

    cluster_id: str
    topic_id: str
    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive events of one partition, in order.

    It covers the offsets from `first_offset` up to, not including, `next_offset`; both touch the neighbouring
    batches even where the log has gaps or records were dead-lettered. `schema` is the Avro schema of every
    event's data, or None where data is bytes.
    """

    partition: TopicPartition
    events: tuple[Event, ...]
    first_offset: int
    next_offset: int
    schema: Schema | None
