"""The Avro schema of a stream's rows."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from router.api import Schema
from sources.sql_poll.kinds import Kind

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
    allowed = _FORBIDDEN.sub("_", name) or "_"
    return f"_{allowed}" if allowed[0].isdigit() else allowed


def row_schema(stream: str, its_columns: Sequence[Column]) -> Schema:
    """The schema of a row; each field may be null, since a later version of the table may lack the column."""
    fields = [_field(column) for column in its_columns]
    namespace = ".".join([avro_name(part) for part in stream.split(".") if part])
    return Schema({"type": "record", "name": "Row", "namespace": namespace, "fields": fields})


def _field(column: Column) -> dict[str, Any]:
    avro = column.kind.avro if isinstance(column.kind.avro, list) else [column.kind.avro]
    made: dict[str, Any] = {"name": column.field, "type": ["null", *avro], "default": None}
    if column.field != column.name:
        made["connectors.name"] = column.name
    return made
