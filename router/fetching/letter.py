"""The dead letter of a record that cannot be encoded: what the source said, and why it cannot be published."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.api import ConnectorError, Record
from router.api import reasons as names
from router.kafka.producer import Headers, Message

STAGE = "encode"
MAX_BODY_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Letters:
    """Writes the dead letters of one source's task."""

    topic: str
    source: str
    uri: str
    connector_version: str
    task: int

    def letter(self, record: Record, meant_for: str, key: bytes, error: ConnectorError) -> Message:
        """The message for the dead-letter topic. meant_for: the topic that a route had chosen."""
        return Message(self.topic, key, body(record), self._about(record) + self._why(record, meant_for, error))

    def _about(self, record: Record) -> Headers:
        attributes = {"ce_id": record.id, "ce_source": self.uri, "ce_type": record.type, "ce_subject": record.subject}
        return [(name, _bytes(value)) for name, value in attributes.items() if value is not None]

    def _why(self, record: Record, meant_for: str, error: ConnectorError) -> Headers:
        now = str(int(time.time() * 1000))
        values = (
            (names.HEADER_CLASS, error.error_class),
            (names.HEADER_REASON, error.reason),
            (names.HEADER_MESSAGE, error.message),
            (names.HEADER_ATTEMPT, "1"),
            (names.HEADER_FIRST_AT, now),
            (names.HEADER_LAST_AT, now),
            (names.HEADER_TOPIC, meant_for),
            (names.HEADER_CONNECTOR, self.source),
            (names.HEADER_VERSION, self.connector_version),
            (names.HEADER_TRACE, record.traceparent or ""),
            (names.CONNECT_TOPIC, meant_for),
            (names.CONNECT_CONNECTOR_NAME, self.source),
            (names.CONNECT_TASK_ID, str(self.task)),
            (names.CONNECT_STAGE, STAGE),
            (names.CONNECT_CLASS_NAME, self.source),
            (names.CONNECT_EXCEPTION_CLASS_NAME, error.reason),
            (names.CONNECT_EXCEPTION_MESSAGE, error.message),
        )
        return [(name, _bytes(value)) for name, value in values]


def body(record: Record) -> bytes:
    """The record's bytes as they are, or else the record as JSON, as far as JSON can say it; at most a megabyte."""
    if isinstance(record.data, bytes):
        return record.data[:MAX_BODY_BYTES]
    told = {
        "id": record.id,
        "type": record.type,
        "subject": record.subject,
        "time": record.time,
        "tenant": record.tenant,
        "datacontenttype": record.datacontenttype,
        "headers": dict(record.headers),
        "data": dict(record.data) if isinstance(record.data, Mapping) else record.data,
    }
    try:
        text = json.dumps(told, default=_plain, skipkeys=True)
    except (TypeError, ValueError, RecursionError):
        # Something in it refers to itself, or is nested without end: what identifies the record still helps.
        text = json.dumps({"id": _plain(record.id), "type": _plain(record.type)})
    return text.encode()[:MAX_BODY_BYTES]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "backslashreplace")
    return dict(value) if hasattr(value, "keys") else str(value)


def _bytes(value: Any) -> bytes:
    return str(value).encode("utf-8", "backslashreplace")
