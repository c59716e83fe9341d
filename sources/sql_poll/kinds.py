"""Which Avro type a column becomes, and how its values are made to fit."""

import json
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import types

_MAX_LONG = 2**63 - 1


class Kind(NamedTuple):
    """avro: the type, without null. convert: a value that is not null; one that does not fit stays as it is."""

    avro: Any
    convert: Callable[[Any], Any]


def kind(column_type: types.TypeEngine[Any]) -> Kind:
    """The kind of a column's type; a type that is not known takes whatever comes."""
    for known, found in _KINDS:
        if isinstance(column_type, known):
            return found
    if isinstance(column_type, types.DateTime):
        aware = "timestamp-micros" if column_type.timezone else "local-timestamp-micros"
        return Kind({"type": "long", "logicalType": aware}, _same)
    if isinstance(column_type, types.Float):
        return Kind("double", _real)
    if isinstance(column_type, types.Numeric):
        return _numeric(column_type)
    if isinstance(column_type, types.NullType):
        return _ANY
    return Kind("string", text)


def text(value: Any) -> str:
    """The value as text, the same at every reading."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple | dict | set):
        items = sorted(value, key=str) if isinstance(value, set) else value
        return json.dumps(items, default=text, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _same(value: Any) -> Any:
    return value


def _real(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal | int) else value


def _binary(value: Any) -> Any:
    return bytes(value) if isinstance(value, bytearray | memoryview) else value


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def _any(value: Any) -> Any:
    """One of the types that are told apart without being declared."""
    if isinstance(value, bool | float | str | bytes):
        return value
    if isinstance(value, int) and -_MAX_LONG <= value <= _MAX_LONG:
        return value
    return _binary(value) if isinstance(value, bytearray | memoryview) else text(value)


def _numeric(column_type: types.Numeric[Any]) -> Kind:
    """A decimal where the column declares its digits in a way that Avro can: else any number may come."""
    precision, scale = column_type.precision, column_type.scale
    if precision is None or scale is None or not 0 <= scale <= precision:
        return Kind("string", text)
    return Kind({"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}, _same)


_ANY = Kind(["boolean", "long", "double", "string", "bytes"], _any)

# The first that matches, so from the special to the general.
_KINDS: tuple[tuple[type[types.TypeEngine[Any]], Kind], ...] = (
    (types.Boolean, Kind("boolean", _same)),
    (types.Integer, Kind("long", _whole)),
    (types.LargeBinary, Kind("bytes", _binary)),
    (types._Binary, Kind("bytes", _binary)),  # noqa: SLF001  the base of BYTEA, BINARY, BLOB
    (types.Date, Kind({"type": "int", "logicalType": "date"}, _same)),
    (types.Time, Kind({"type": "long", "logicalType": "time-micros"}, _same)),
    (types.Uuid, Kind({"type": "string", "logicalType": "uuid"}, text)),
)
