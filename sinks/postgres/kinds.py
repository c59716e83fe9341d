"""The column types, and how a value of each is written in Postgres's binary COPY format."""

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.numeric import DecimalBinaryDumper

from sinks.postgres.plain_json import encode_json

Encode = Callable[[Any], bytes]

_LENGTH = struct.Struct("!i").pack
_INT4 = struct.Struct("!ii").pack
_INT8 = struct.Struct("!iq").pack
_FLOAT4 = struct.Struct("!if").pack
_FLOAT8 = struct.Struct("!id").pack

NULL = _LENGTH(-1)
_FALSE = _LENGTH(1) + b"\0"
_TRUE = _LENGTH(1) + b"\1"
_UUID_LENGTH = _LENGTH(16)

# Postgres counts from 2000-01-01.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = _EPOCH.replace(tzinfo=None)
_FIRST_DAY = date(2000, 1, 1).toordinal()
_DAY_SECONDS = 86_400
_MICROSECONDS = 1_000_000
_JSONB_VERSION = 1

_numeric = DecimalBinaryDumper(Decimal)


class Kind(NamedTuple):
    """A type of column.

    sql: the type of a new column. accepted: the types that an existing column may have.
    encode: a value, not None, with its length before it. Raises ValueError, TypeError, OverflowError or struct.error.
    """

    sql: str
    accepted: frozenset[str]
    encode: Encode


def _bytes(value: bytes) -> bytes:
    return _LENGTH(len(value)) + value


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _LENGTH(len(encoded)) + encoded


def _timestamptz(value: datetime) -> bytes:
    since = value - _EPOCH
    return _INT8(8, (since.days * _DAY_SECONDS + since.seconds) * _MICROSECONDS + since.microseconds)


def _timestamp(value: datetime) -> bytes:
    since = value - _LOCAL_EPOCH
    return _INT8(8, (since.days * _DAY_SECONDS + since.seconds) * _MICROSECONDS + since.microseconds)


def _date(value: date) -> bytes:
    return _INT4(4, value.toordinal() - _FIRST_DAY)


def _time(value: time) -> bytes:
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return _INT8(8, seconds * _MICROSECONDS + value.microsecond)


def _decimal(value: Decimal) -> bytes:
    return _bytes(bytes(_numeric.dump(value) or b""))


def _uuid(value: UUID) -> bytes:
    return _UUID_LENGTH + value.bytes


def _jsonb(value: Any) -> bytes:
    encoded = encode_json(value)
    return struct.pack("!iB", len(encoded) + 1, _JSONB_VERSION) + encoded


def _kind(sql: str, encode: Encode, *wider: str) -> Kind:
    return Kind(sql, frozenset({sql, *wider}), encode)


BOOLEAN = _kind("boolean", lambda value: _TRUE if value else _FALSE)
INTEGER = _kind("integer", lambda value: _INT4(4, value), "bigint", "numeric", "double precision")
BIGINT = _kind("bigint", lambda value: _INT8(8, value), "numeric")
REAL = _kind("real", lambda value: _FLOAT4(4, value), "double precision")
DOUBLE = _kind("double precision", lambda value: _FLOAT8(8, value))
NUMERIC = _kind("numeric", _decimal)
TEXT = _kind("text", _text, "character varying")
BYTEA = _kind("bytea", _bytes)
UUID_KIND = _kind("uuid", _uuid, "text")
DATE = _kind("date", _date)
TIME = _kind("time without time zone", _time)
TIMESTAMP = _kind("timestamp without time zone", _timestamp)
TIMESTAMPTZ = _kind("timestamp with time zone", _timestamptz)
# `json` keeps the text as it is, byte for byte; `jsonb` is for values that we have made JSON of ourselves.
JSON = _kind("json", _bytes, "jsonb")
JSONB = _kind("jsonb", _jsonb)
