"""Envelopes to Avro in the Confluent wire format, and back."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import fastavro

from router.api import ConnectorError, Encoded, Event, Reason, Schema
from router.envelope import attributes
from router.envelope.bounds import check, check_end, compile_walk
from router.envelope.reading import Read, UnsupportedTypeError, compile_read
from router.envelope.schema import data_schema
from router.envelope.varint import write_bytes
from router.envelope.writing import Write, compile_write

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
        self._data_parts = _data_parts(data_schema(envelope))

    def encode(self, values: attributes.Attributes, data: Any) -> bytes:
        """The Kafka value. Raises ConnectorError (ENCODE_FAILED) if the data does not fit the schema."""
        try:
            parts = _encoded(data) if type(data) is Encoded else (_NULL,) if data is None else self._data_parts(data)
            return b"".join((self._prefix, *attributes.write(values), *parts))
        except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, struct.error) as error:
            message = f"The record does not fit the topic's schema ({type(error).__name__})."
            raise ConnectorError(Reason.ENCODE_FAILED, message) from error


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes the values of one schema id. data: the schema of the content; None where it is bytes."""

    data: Schema | None
    _read: Read

    @classmethod
    def of(cls, envelope: Mapping[str, Any]) -> "Decoder":
        """The decoder of an admitted schema."""
        data = data_schema(envelope)
        try:
            return cls(Schema(data) if data else None, compile_read(["null", data or "bytes"]))
        except UnsupportedTypeError:
            return cls(Schema(data) if data else None, _checked_read(["null", data]))

    def decode(self, value: bytes, key: bytes | None, version: int) -> Event:
        """The event in a Kafka value. Raises ConnectorError of class CONTRACT, whatever the bytes."""
        try:
            fields, at = attributes.read(value, _PREFIX.size)
            data, end = self._read(value, at)
            check_end(value, end)
            return _event(fields, data, key, version)
        except (ValueError, OverflowError, ArithmeticError, TypeError, LookupError, EOFError, struct.error) as error:
            message = f"A field of the value cannot be decoded ({type(error).__name__})."
            raise ConnectorError(Reason.AVRO_DECODE, message) from error


def with_data(value: bytes, schema: Schema | None, data: Any) -> bytes:
    """An envelope's value with other data and the same attributes. schema: of its data; None where it is bytes.

    Raises ConnectorError (ENCODE_FAILED) if the data does not fit the schema.
    """
    try:
        _, at = attributes.read(value, _PREFIX.size)
        return b"".join((value[:at], *_data_parts(None if schema is None else schema.avro)(data)))
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, struct.error) as error:
        message = f"The data does not fit the record's schema ({type(error).__name__})."
        raise ConnectorError(Reason.ENCODE_FAILED, message) from error


def _checked_read(schema: Any) -> Read:
    """fastavro, behind a walk over the bytes that it is going to read."""
    walk, parsed = compile_walk(schema), fastavro.parse_schema(schema)

    def read(value: bytes, at: int) -> tuple[Any, int]:
        check(walk, value, at)
        buffer = BytesIO(value)
        buffer.seek(at)
        return fastavro.schemaless_reader(buffer, parsed, None), len(value)

    return read


_NULL, _PRESENT = b"\x00", b"\x02"
"""The branches of data's union."""

Parts = Callable[[Any], tuple[bytes, ...]]


def _data_parts(schema: Mapping[str, Any] | None) -> Parts:
    """What writes data that is there, by its schema (None: bytes)."""
    if schema is None:
        return lambda data: (_PRESENT, write_bytes(data))
    try:
        return _compiled(compile_write(schema))
    except UnsupportedTypeError:
        return _with_fastavro(fastavro.parse_schema(dict(schema)))


def _encoded(data: Encoded) -> tuple[bytes, ...]:
    return _PRESENT, data.avro


def _compiled(write: Write) -> Parts:
    def parts(data: Any) -> tuple[bytes, ...]:
        out = bytearray(_PRESENT)
        write(data, out)
        return (bytes(out),)

    return parts


def _with_fastavro(schema: Any) -> Parts:
    def parts(data: Any) -> tuple[bytes, ...]:
        buffer = BytesIO()
        # No value of ours is a (type, value) pair; looking for such pairs would take half of the time.
        fastavro.schemaless_writer(buffer, schema, data, disable_tuple_notation=True)
        return _PRESENT, buffer.getvalue()

    return parts


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _event(fields: tuple[Any, ...], data: Any, key: bytes | None, version: int) -> Event:
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
