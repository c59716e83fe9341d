"""The Avro schema of a table's changes."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from router.api import Schema
from sources.postgres_cdc.kinds import Kind

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_]")


class Column(NamedTuple):
    """A column. name: at the origin. field: the same as a name that Avro allows."""

    name: str
    field: str
    kind: Kind


def columns(named: Sequence[tuple[str, Kind]]) -> tuple[Column, ...]:
    """The columns with the names of their fields, no two alike."""
    taken: set[str] = set()
    made = []
    for name, kind in named:
        field = base = avro_name(name)
        number = 2
        while field in taken:
            field = f"{base}_{number}"
            number += 1
        taken.add(field)
        made.append(Column(name, field, kind))
    return tuple(made)


def avro_name(name: str) -> str:
    """The name with `_` for what Avro does not allow."""
    allowed = _FORBIDDEN.sub("_", name)
    return f"_{allowed}" if allowed[0].isdigit() else allowed


def change_schema(schema: str, table: str, its_columns: Sequence[Column], key: Sequence[str]) -> Schema:
    """The schema of `Change`, with the table's row as a type of its own. key: the fields of the primary key.

    `connectors.change` tells sinks what they may rely on; `connectors.type` is the column's type in SQL.
    """
    row = {"type": "record", "name": "Row", "fields": [_field(column) for column in its_columns]}
    fields: list[dict[str, Any]] = [
        {"name": "op", "type": "string", "doc": "r read, c created, u updated, d deleted, t truncated"},
        {"name": "before", "type": ["null", row], "default": None},
        {"name": "after", "type": ["null", "Row"], "default": None},
        {"name": "position", "type": _POSITION, "doc": "of the commit in the log, and of the change in it"},
        {"name": "transaction", "type": ["null", _TRANSACTION], "default": None},
        {"name": "unchanged", "type": _STRINGS, "default": [], "doc": "fields of after that keep their value"},
        {"name": "texts", "type": _TEXTS, "default": {}, "doc": "values that their field's type cannot hold"},
    ]
    return Schema(
        {
            "type": "record",
            "name": "Change",
            "namespace": f"{avro_name(schema)}.{avro_name(table)}",
            "connectors.change": True,
            "connectors.table": f"{schema}.{table}",
            "connectors.key": list(key),
            "fields": fields,
        }
    )


_STRINGS = {"type": "array", "items": "string"}
_TEXTS = {"type": "map", "values": "string"}
_POSITION = {
    "type": "record",
    "name": "Position",
    "fields": [{"name": "lsn", "type": "long"}, {"name": "index", "type": "long"}],
}
_TRANSACTION = {
    "type": "record",
    "name": "Transaction",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "time", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    ],
}


def _field(column: Column) -> dict[str, Any]:
    """Nullable, whatever the table says: a later version of it may lack the column."""
    made = {
        "name": column.field,
        "type": ["null", column.kind.avro],
        "default": None,
        "connectors.type": column.kind.sql,
    }
    if column.kind.origin != column.kind.sql:
        made["connectors.origin"] = column.kind.origin
    if column.field != column.name:
        made["connectors.name"] = column.name
    return made
