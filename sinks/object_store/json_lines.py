"""Events as JSON lines: one object a line (https://jsonlines.org)."""

import gzip
import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa

from router.api import Event, TopicPartition
from sinks.object_store.config import Compression
from sinks.object_store.plain_json import to_json

_JSON = re.compile(r"[^/;\s]+/([^/;\s]+\+)?json\s*(;.*)?", re.IGNORECASE)
# In valid JSON a line break is never within a string.
_BREAKS = bytes.maketrans(b"\r\n", b"  ")
EXTENSIONS: dict[Compression, str] = {"none": "jsonl", "gzip": "jsonl.gz", "zstd": "jsonl.zst"}


def encode(events: Sequence[Event], partition: TopicPartition, codec: Compression) -> bytes:
    """The object's bytes. Raises TypeError or ValueError if an event has no JSON."""
    lines = b"".join([to_json(_members(event, partition)) + b"\n" for event in events])
    if codec == "gzip":
        return gzip.compress(lines, mtime=0)
    return bytes(pa.Codec("zstd").compress(lines)) if codec == "zstd" else lines


def _members(event: Event, partition: TopicPartition) -> dict[str, Any]:
    attributes = {
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": None if event.time is None else _rfc3339(event.time),
        "datacontenttype": event.datacontenttype,
        "dataschema": event.dataschema,
        "tenant": event.tenant,
        "idempotency_key": event.idempotency_key,
        "ingested_at": _rfc3339(event.ingested_at),
        "traceparent": event.traceparent,
        "topic": partition.topic,
        "partition": partition.partition,
        "offset": event.version,
    }
    return attributes | _data(event)


def _data(event: Event) -> dict[str, Any]:
    data = event.data
    if not isinstance(data, bytes):
        return {"data": data}
    if event.datacontenttype and _JSON.fullmatch(event.datacontenttype) and _is_json(data):
        # As it is: parsed and written again, large numbers would not be the same.
        return {"data": orjson.Fragment(data.translate(_BREAKS))}
    return {"data_base64": b64encode(data).decode()}


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
