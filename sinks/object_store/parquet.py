"""Events as a Parquet file (https://parquet.apache.org/docs/file-format/)."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from router.api import Event, Schema, TopicPartition
from sinks.object_store.arrow_kinds import Kind, record_kind
from sinks.object_store.config import Compression

_BYTES = Kind(pa.binary())
_TEXT = pa.string()
_TIME = pa.timestamp("us", "UTC")


def encode(events: Sequence[Event], partition: TopicPartition, schema: Schema | None, codec: Compression) -> bytes:
    """The object's bytes. Raises pyarrow.ArrowException, ValueError, TypeError or OverflowError if a value fits not."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        _table(events, partition, _BYTES if schema is None else record_kind(schema.avro)), sink, compression=codec
    )
    return bytes(sink.getvalue())


def _table(events: Sequence[Event], partition: TopicPartition, data: Kind) -> pa.Table:
    change = data.convert
    values = [event.data for event in events]
    if change is not None:
        values = [None if value is None else change(value) for value in values]
    columns = {
        "id": pa.array([event.id for event in events], _TEXT),
        "source": pa.array([event.source for event in events], _TEXT),
        "type": pa.array([event.type for event in events], _TEXT),
        "subject": pa.array([event.subject for event in events], _TEXT),
        "time": pa.array([event.time for event in events], _TIME),
        "datacontenttype": pa.array([event.datacontenttype for event in events], _TEXT),
        "dataschema": pa.array([event.dataschema for event in events], _TEXT),
        "tenant": pa.array([event.tenant for event in events], _TEXT),
        "idempotency_key": pa.array([event.idempotency_key for event in events], _TEXT),
        "ingested_at": pa.array([event.ingested_at for event in events], _TIME),
        "traceparent": pa.array([event.traceparent for event in events], _TEXT),
        "topic": pa.repeat(pa.scalar(partition.topic, _TEXT), len(events)),
        "partition": pa.repeat(pa.scalar(partition.partition, pa.int32()), len(events)),
        "offset": pa.array([event.version for event in events], pa.int64()),
        "data": pa.array(values, data.type),
    }
    return pa.table(columns)
