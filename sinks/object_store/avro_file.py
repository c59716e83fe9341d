"""Events as an Avro object container file (https://avro.apache.org/docs/1.12.0/specification/#object-container-files)."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import fastavro

from router.api import Event, Schema, TopicPartition
from sinks.object_store.config import Compression

_CODECS = {"none": "null", "gzip": "deflate"}
_TIME = {"type": "long", "logicalType": "timestamp-micros"}
_OPTIONAL = ["null", "string"]


def encode(events: Sequence[Event], partition: TopicPartition, schema: Schema | None, codec: Compression) -> bytes:
    """The object's bytes. Raises TypeError, ValueError or ArithmeticError if an event does not fit its schema."""
    buffer = BytesIO()
    records = [_record(event, partition) for event in events]
    # No value of ours is a (type, value) pair; looking for such pairs would take half of the time.
    fastavro.writer(buffer, _envelope(schema), records, _CODECS[codec], disable_tuple_notation=True)
    return buffer.getvalue()


def _envelope(schema: Schema | None) -> Any:
    kinds = {
        "id": "string",
        "source": "string",
        "type": "string",
        "subject": _OPTIONAL,
        "time": ["null", _TIME],
        "datacontenttype": _OPTIONAL,
        "dataschema": _OPTIONAL,
        "tenant": _OPTIONAL,
        "idempotency_key": "string",
        "ingested_at": _TIME,
        "traceparent": _OPTIONAL,
        "topic": "string",
        "partition": "int",
        "offset": "long",
        "data": ["null", "bytes" if schema is None else dict(schema.avro)],
    }
    fields = [{"name": name, "type": kind} for name, kind in kinds.items()]
    return fastavro.parse_schema({"type": "record", "name": "connectors.StoredEvent", "fields": fields})


def _record(event: Event, partition: TopicPartition) -> dict[str, Any]:
    return {
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "datacontenttype": event.datacontenttype,
        "dataschema": event.dataschema,
        "tenant": event.tenant,
        "idempotency_key": event.idempotency_key,
        "ingested_at": event.ingested_at,
        "traceparent": event.traceparent,
        "topic": partition.topic,
        "partition": partition.partition,
        "offset": event.version,
        "data": event.data,
    }
