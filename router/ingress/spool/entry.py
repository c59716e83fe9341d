"""What is spooled: a record, with all that is needed to publish it later."""

from datetime import datetime
from struct import Struct
from struct import error as StructError  # noqa: N812  a class, whatever its name
from typing import Any, NamedTuple

import orjson

from router.api import ConnectorError, Reason, Record

_LENGTH = Struct(">I")


class Entry(NamedTuple):
    """An accepted record. endpoint: whose it is. topic and key: where its route leads, key None: without order.

    at: when it was accepted, in seconds since the epoch.
    """

    endpoint: str
    topic: str
    key: bytes | None
    traceparent: str | None
    at: float
    record: Record


def encode(entry: Entry) -> bytes:
    """The entry as bytes. Raises ConnectorError (ENCODE_FAILED) if its data is not bytes or a text is not Unicode."""
    record = entry.record
    if not (record.data is None or isinstance(record.data, bytes)):
        raise ConnectorError(Reason.ENCODE_FAILED, "Only events whose data is bytes can be spooled.")
    attributes = record._asdict() | {"headers": dict(record.headers)}
    del attributes["data"], attributes["schema"]
    head = {
        "endpoint": entry.endpoint,
        "topic": entry.topic,
        "key": None if entry.key is None else entry.key.hex(),
        "traceparent": entry.traceparent,
        "at": entry.at,
        "is_empty": record.data is None,
        "record": attributes,
    }
    try:
        encoded = orjson.dumps(head)
    except TypeError as error:
        raise ConnectorError(Reason.ENCODE_FAILED, "An attribute of the event is not Unicode text.") from error
    return b"".join((_LENGTH.pack(len(encoded)), encoded, record.data or b""))


def decode(payload: bytes) -> Entry:
    """The entry of these bytes. Raises ValueError if they are another format's."""
    try:
        start = _LENGTH.size
        end = start + _LENGTH.unpack_from(payload)[0]
        head: dict[str, Any] = orjson.loads(payload[start:end])
        attributes = head["record"]
        if attributes["time"] is not None:
            attributes["time"] = datetime.fromisoformat(attributes["time"])
        record = Record(data=None if head["is_empty"] else payload[end:], **attributes)
        key = None if head["key"] is None else bytes.fromhex(head["key"])
        return Entry(head["endpoint"], head["topic"], key, head["traceparent"], head["at"], record)
    except (StructError, KeyError, TypeError, AttributeError) as error:
        message = "not an entry of this version"
        raise ValueError(message) from error
