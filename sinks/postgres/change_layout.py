"""The columns of a table that is replicated, and how a change of it becomes a row to be merged."""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from router.api import ConnectorError, Reason, Schema
from sinks.postgres import kinds
from sinks.postgres.avro_kinds import record_kinds
from sinks.postgres.config import PostgresConfig
from sinks.postgres.kinds import NULL, Encode, Kind
from sinks.postgres.layout import MAX_IDENTIFIER_BYTES, Column
from sinks.postgres.literals import array_literal

CHANGE, KEY, TYPE, NAME = "connectors.change", "connectors.key", "connectors.type", "connectors.name"
LSN, INDEX = "_lsn", "_index"

# Nothing else may enter a statement, since the schema comes from outside.
_SQL_TYPE = re.compile(r'("char"|"bit"|[a-z][a-z0-9_ ]*)(\(\d+(,-?\d+)?\))?( [a-z ]+)?(\[\])?')
_MODIFIER = re.compile(r"\(\d+(,-?\d+)?\)")
_OTHER_NAMES = {"bpchar": "character", '"bit"': "bit"}
_WIDER = {
    "smallint": ("integer", "bigint", "numeric"),
    "integer": ("bigint", "numeric"),
    "bigint": ("numeric",),
    "real": ("double precision",),
}
_TEXTS = ("text", "character varying")


class Change(NamedTuple):
    """What is to become of a row.

    lsn, order: where it stands in the origin's log. unchanged: fields that keep their value. texts: of values that
    their field's type cannot hold.
    """

    op: str
    key: str
    lsn: int
    order: int
    row: Mapping[str, Any]
    unchanged: Sequence[str]
    texts: Mapping[str, str]


class Place(NamedTuple):
    """A column of the table, and of which field it is. staged: the kind of its column where batches are staged."""

    column: Column
    field: str
    staged: Kind


@dataclass(frozen=True, slots=True)
class ChangeLayout:
    """The columns of a replicated table, those of the origin and the position of the newest change.

    conflict: the columns of the primary key. number: differs per layout of a sink. schema: kept so that its identity
    stays taken.
    """

    number: int
    schema: Schema
    places: tuple[Place, ...]
    conflict: tuple[str, ...]
    is_replica: bool = field(default=True, init=False)
    _start: bytes = field(init=False)
    _encoders: tuple[tuple[str, Encode], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_start", struct.pack("!h", len(STAGED) + len(self.places)))
        object.__setattr__(self, "_encoders", tuple([(place.field, place.staged.encode) for place in self.places]))

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns of the table."""
        ours = (Column(LSN, kinds.BIGINT), Column(INDEX, kinds.BIGINT))
        return tuple([place.column for place in self.places]) + ours

    def row(self, change: Change) -> bytes:
        """The change in the binary COPY format. Raises ValueError, TypeError, OverflowError or struct.error."""
        op, key, lsn, order, row, unchanged, texts = change
        parts = [self._start, _TEXT(op), _TEXT(key), _BIGINT(lsn), _BIGINT(order)]
        parts.append(_JSONB(unchanged) if unchanged else NULL)
        parts.append(_JSONB(texts) if texts else NULL)
        for name, encode in self._encoders:
            value = row.get(name)
            parts.append(NULL if value is None else encode(value))
        return b"".join(parts)


STAGED = (
    ("op", kinds.TEXT),
    ("key", kinds.TEXT),
    ("lsn", kinds.BIGINT),
    ("index", kinds.BIGINT),
    ("unchanged", kinds.JSONB),
    ("texts", kinds.JSONB),
)
"""The columns with which each staged row begins. Those of the table are called c0, c1 …"""
_TEXT, _BIGINT, _JSONB = kinds.TEXT.encode, kinds.BIGINT.encode, kinds.JSONB.encode


def is_change(schema: Schema | None) -> bool:
    """Whether the schema says of itself that its records are changes of a table."""
    return schema is not None and schema.avro.get(CHANGE) is True


def change_layout(config: PostgresConfig, schema: Schema, number: int) -> ChangeLayout:
    """The layout for changes of a table. Raises ConnectorError (TABLE_MISMATCH) if there can be none."""
    row = _row(schema)
    staged = record_kinds(row)
    places = tuple([_place(one, staged[one["name"]]) for one in row["fields"]])
    names = {place.field: place.column.name for place in places}
    key = {names.get(name) for name in schema.avro.get(KEY, ())}
    if not key or key != set(config.key):
        raise ConnectorError(
            Reason.TABLE_MISMATCH,
            f"The key of {config.table} is {', '.join(config.key)}, but the origin's is not.",
            fix=f"Use the key of the origin: {', '.join(sorted(filter(None, key))) or 'it has none; use mode append'}.",
        )
    made = ChangeLayout(number, schema, places, config.key)
    for column in made.columns:
        is_taken = sum([column.name == other.name for other in made.columns]) > 1
        if is_taken or len(column.name.encode()) > MAX_IDENTIFIER_BYTES:
            raise ConnectorError(
                Reason.TABLE_MISMATCH, f"The name of column {column.name!r:.80} is taken or too long.", fix="Rename it."
            )
    return made


def _row(schema: Schema) -> Mapping[str, Any]:
    """The record type of the rows: the first of `before` and `after` defines it."""
    for one in schema.avro["fields"]:
        branches = one["type"] if isinstance(one["type"], list) else [one["type"]]
        for branch in branches:
            if one["name"] in ("before", "after") and isinstance(branch, dict) and branch.get("type") == "record":
                found: Mapping[str, Any] = branch
                return found
    raise ConnectorError(Reason.TABLE_MISMATCH, "The schema calls its records changes, but says nothing of rows.")


def _place(avro_field: Mapping[str, Any], staged: Kind) -> Place:
    name = avro_field["name"]
    sql_type = avro_field.get(TYPE, staged.sql)
    if not isinstance(sql_type, str) or not _SQL_TYPE.fullmatch(sql_type):
        raise ConnectorError(Reason.TABLE_MISMATCH, f"The type of field {name!r:.80} is none of Postgres.")
    branches = avro_field["type"] if isinstance(avro_field["type"], list) else [avro_field["type"]]
    if any(isinstance(branch, dict) and branch.get("type") == "array" for branch in branches):
        staged = Kind("text", frozenset({"text"}), lambda items: kinds.TEXT.encode(array_literal(items)))
    plain = _MODIFIER.sub("", sql_type)
    plain = "interval" if plain.startswith("interval") and not plain.endswith("[]") else _OTHER_NAMES.get(plain, plain)
    accepted = frozenset({plain, *_WIDER.get(plain, ()), *_TEXTS})
    return Place(Column(avro_field.get(NAME, name), Kind(sql_type, accepted, staged.encode)), name, staged)
