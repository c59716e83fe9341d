"""Envelopes to Avro in the Confluent wire format, and back."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import fastavro

from router.api import ConnectorError, Event, Reason, Schema
from router.envelope.bounds import Walk, check, compile_walk
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
        self._schema = _parse(envelope)

    def encode(self, envelope: Mapping[str, Any]) -> bytes:
        """The Kafka value. Raises ConnectorError (ENCODE_FAILED) if the data does not fit the schema.

        time and ingested_at: microseconds since the epoch (see `micros`).
        """
        buffer = BytesIO()
        buffer.write(self._prefix)
        try:
            # No value of ours is a (type, value) pair; looking for such pairs would take half of the time.
            fastavro.schemaless_writer(buffer, self._schema, envelope, disable_tuple_notation=True)
        except (TypeError, ValueError, OverflowError, AttributeError, KeyError, IndexError) as error:
            message = f"The record does not fit the topic's schema ({type(error).__name__})."
            raise ConnectorError(Reason.ENCODE_FAILED, message) from error
        return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes the values of one schema id."""

    parsed: Any
    walk: Walk
    data: Schema | None

    @classmethod
    def of(cls, envelope: Mapping[str, Any]) -> "Decoder":
        """The decoder of an admitted schema."""
        data = data_schema(envelope)
        return cls(_parse(envelope), compile_walk(envelope), Schema(data) if data else None)

    def decode(self, value: bytes, key: bytes | None, version: int) -> Event:
        """The event in a Kafka value. Raises ConnectorError of class CONTRACT, whatever the bytes."""
        check(self.walk, value, _PREFIX.size)
        buffer = BytesIO(value)
        buffer.seek(_PREFIX.size)
        try:
            return _event(_read(buffer, self.parsed, None), key, version)
        except (ValueError, OverflowError, ArithmeticError, TypeError, LookupError, EOFError) as error:
            message = f"A field of the value cannot be decoded ({type(error).__name__})."
            raise ConnectorError(Reason.AVRO_DECODE, message) from error


_read: Callable[[BytesIO, Any, None], Any] = fastavro.schemaless_reader

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _parse(envelope: Mapping[str, Any]) -> Any:
    """The schema for fastavro, with the envelope's own times as plain longs.

    The bytes are the same; fastavro's conversion of a logical type costs as much as five fields.
    """
    fields = [_plain(field) if field["name"] in ("time", "ingested_at") else field for field in envelope["fields"]]
    return fastavro.parse_schema({**envelope, "fields": fields})


def _plain(field: Mapping[str, Any]) -> dict[str, Any]:
    return {**field, "type": ["null", "long"] if isinstance(field["type"], list) else "long"}


def _event(fields: dict[str, Any], key: bytes | None, version: int) -> Event:
    idempotency_key: str = fields["idempotency_key"]
    time = fields["time"]
    return Event(
        fields["id"],
        fields["source"],
        fields["type"],
        fields["subject"],
        None if time is None else _moment(time),
        fields["datacontenttype"],
        fields["dataschema"],
        fields["tenant"],
        idempotency_key,
        fields["traceparent"],
        _moment(fields["ingested_at"]),
        fields["connector"],
        fields["data"],
        key if key is not None else idempotency_key.encode(),
        version,
    )
