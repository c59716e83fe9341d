"""Which Avro type a column of a Postgres type becomes, and how its text is read."""

from typing import Any, NamedTuple

from sources.postgres_cdc import values
from sources.postgres_cdc.values import Convert


class Kind(NamedTuple):
    """A type.

    avro: the Avro type, not null. convert: from Postgres's text; None if the Avro type cannot hold the value.
    sql: the type as Postgres names it, or the nearest that every Postgres has. origin: its name at the origin.
    """

    avro: Any
    convert: Convert
    sql: str
    origin: str


class PgType(NamedTuple):
    """A type of the catalogue, domains resolved to their base. element: of an array.

    oid: 0 if it is none of those that every Postgres has.
    """

    oid: int
    modifier: int
    sql: str
    origin: str
    element: "PgType | None" = None


_STRING = ("string", values.same)
_BY_OID: dict[int, tuple[Any, Convert]] = {
    16: ("boolean", values.boolean),
    17: ("bytes", values.binary),
    20: ("long", int),
    21: ("int", int),
    23: ("int", int),
    26: ("long", int),  # oid
    700: ("float", values.real),
    701: ("double", values.real),
    1082: ({"type": "int", "logicalType": "date"}, values.days),
    1083: ({"type": "long", "logicalType": "time-micros"}, values.time),
    1114: ({"type": "long", "logicalType": "local-timestamp-micros"}, values.timestamp),
    1184: ({"type": "long", "logicalType": "timestamp-micros"}, values.timestamptz),
    2950: ({"type": "string", "logicalType": "uuid"}, values.same),
}
_NUMERIC = 1700
_ITEMS = frozenset({16, 20, 21, 23, 26, 700, 701})
_BOX = 603  # its arrays have another delimiter
_MODIFIER_HEADER = 4
_SCALE_BITS = 0x7FF
_SCALE_SIGN = 0x400


def kind(pg_type: PgType) -> Kind:
    """The kind of a type. What has no Avro type of its own is a string, with Postgres's text."""
    if pg_type.element is not None and pg_type.element.oid != _BOX:
        avro, convert = _BY_OID[pg_type.element.oid] if pg_type.element.oid in _ITEMS else _STRING
        return Kind({"type": "array", "items": ["null", avro]}, values.array(convert), pg_type.sql, pg_type.origin)
    avro, convert = _numeric(pg_type.modifier) if pg_type.oid == _NUMERIC else _BY_OID.get(pg_type.oid, _STRING)
    return Kind(avro, convert, pg_type.sql, pg_type.origin)


def _numeric(modifier: int) -> tuple[Any, Convert]:
    """A decimal where the column declares its digits in a way that Avro can: else any number may come."""
    if modifier < _MODIFIER_HEADER:
        return _STRING
    precision = ((modifier - _MODIFIER_HEADER) >> 16) & 0xFFFF
    scale = (((modifier - _MODIFIER_HEADER) & _SCALE_BITS) ^ _SCALE_SIGN) - _SCALE_SIGN
    if not 0 <= scale <= precision:
        return _STRING
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}, values.decimal
