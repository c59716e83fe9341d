"""Envelopes to Avro in the Confluent wire format, and back."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import fastavro

from router.api import ConnectorError, Event, Reason, Schema
from router.envelope import attributes
from router.envelope.bounds import Walk, check, compile_walk, long
from router.envelope.schema import data_schema

MAGIC = 0
_PREFIX = struct.Struct(">bI")
MAX_VALUE_BYTES = 64 * 1_048_576


def schema_id(value: bytes | None) -> int:
    """The schema id in the wire format's prefix. Raises ConnectorError (AVRO_MAGIC, AVRO_LIMIT)."""
    if value is None or len(value) < _PREFIX.size or value[0] != MAGIC:
        raise ConnectorError(Reason.AVRO_MAGIC, "The value does not begin with the Confluent wire format's prefix.")
    if len(value) > MAX_VALUE_BYTES:
        raise ConnectorError(Reason.AVRO_LIMIT, f"The value is larger than {MAX_VALUE_BYTES} bytes.")
    return int.from_bytes(value[1:5], "big")


class Encoder:
    """Encodes the envelopes of one topic with one registered schema."""

    def __init__(self, registered_id: int, envelope: Mapping[str, Any]) -> None:
        self._prefix = _PREFIX.pack(MAGIC, registered_id)
        schema = data_schema(envelope)
        self._data = None if schema is None else fastavro.parse_schema(dict(schema))

    def encode(self, envelope: Mapping[str, Any]) -> bytes:
        """The Kafka value. Raises ConnectorError (ENCODE_FAILED) if the data does not fit the schema.

        time and ingested_at: microseconds since the epoch (see `micros`).
        """
        try:
            parts = attributes.write(envelope)
            parts += self._data_parts(envelope["data"])
            return self._prefix + b"".join(parts)
        except (TypeError, ValueError, OverflowError, AttributeError, KeyError, IndexError) as error:
            message = f"The record does not fit the topic's schema ({type(error).__name__})."
            raise ConnectorError(Reason.ENCODE_FAILED, message) from error

    def _data_parts(self, data: Any) -> tuple[bytes, ...]:
        if data is None:
            return (_NULL,)
        if self._data is None:
            return _PRESENT, attributes.write_bytes(data)
        buffer = BytesIO()
        # No value of ours is a (type, value) pair; looking for such pairs would take half of the time.
        fastavro.schemaless_writer(buffer, self._data, data, disable_tuple_notation=True)
        return _PRESENT, buffer.getvalue()


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes the values of one schema id."""

    walk: Walk
    data: Schema | None
    _data: Any

    @classmethod
    def of(cls, envelope: Mapping[str, Any]) -> "Decoder":
        """The decoder of an admitted schema."""
        data = data_schema(envelope)
        if data is None:
            return cls(compile_walk(["null", "bytes"]), None, None)
        return cls(compile_walk(["null", data]), Schema(data), fastavro.parse_schema(dict(data)))

    def decode(self, value: bytes, key: bytes | None, version: int) -> Event:
        """The event in a Kafka value. Raises ConnectorError of class CONTRACT, whatever the bytes."""
        try:
            fields, at = attributes.read(value, _PREFIX.size)
            check(self.walk, value, at)
            return _event(fields, self._content(value, at), key, version)
        except (ValueError, OverflowError, ArithmeticError, TypeError, LookupError, EOFError) as error:
            message = f"A field of the value cannot be decoded ({type(error).__name__})."
            raise ConnectorError(Reason.AVRO_DECODE, message) from error

    def _content(self, value: bytes, at: int) -> Any:
        """The data, whose bytes have been checked."""
        if value[at : at + 1] == _NULL:
            return None
        if self._data is None:
            length, start = long(value, at + 1)
            return value[start : start + length]
        buffer = BytesIO(value)
        buffer.seek(at + 1)
        return _read(buffer, self._data, None)


_read: Callable[[BytesIO, Any, None], Any] = fastavro.schemaless_reader
_NULL, _PRESENT = b"\x00", b"\x02"
"""The branches of data's union."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _event(fields: attributes.Values, data: Any, key: bytes | None, version: int) -> Event:
    (
        id_,
        source,
        type_,
        subject,
        time,
        mime,
        dataschema,
        tenant,
        idempotency_key,
        traceparent,
        ingested_at,
        connector,
    ) = fields
    return Event(
        id_,
        source,
        type_,
        subject,
        None if time is None else _moment(time),
        mime,
        dataschema,
        tenant,
        idempotency_key,
        traceparent,
        _moment(ingested_at),
        connector,
        data,
        key if key is not None else idempotency_key.encode(),
        version,
    )
