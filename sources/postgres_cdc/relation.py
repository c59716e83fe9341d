"""One version of a table: its columns, its schema, and how its rows are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from router.api import Schema
from sources.postgres_cdc.change_schema import Column, change_schema, columns
from sources.postgres_cdc.compiled import ReadLine, ReadTuple, read_line, read_tuple
from sources.postgres_cdc.encoded import EncodeRow, encode_row
from sources.postgres_cdc.kinds import PgType, kind


class Shape(NamedTuple):
    """What tells a version of a table from another: its name, its columns' names and types, and its key's columns."""

    schema: str
    table: str
    columns: tuple[tuple[str, PgType], ...]
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A version of a table, ready to read rows with. key: names of fields."""

    name: str
    shape: Shape
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    schema: Schema
    read_tuple: ReadTuple
    read_line: ReadLine
    encode_row: EncodeRow | None

    @classmethod
    def of(cls, shape: Shape) -> "Relation":
        """Compile the functions for a shape."""
        its_columns = columns([(name, kind(pg_type)) for name, pg_type in shape.columns])
        fields = {column.name: column.field for column in its_columns}
        key = tuple([fields[name] for name in shape.key])
        return cls(
            f"{shape.schema}.{shape.table}",
            shape,
            its_columns,
            key,
            change_schema(shape.schema, shape.table, its_columns, key),
            read_tuple(its_columns, key),
            read_line(its_columns, key),
            encode_row(its_columns, key),
        )


class Relations:
    """The versions of tables seen so far, each one object, since the runtime tells schemas by their identity."""

    def __init__(self) -> None:
        self._known: dict[Shape, Relation] = {}

    def get(self, schema: str, table: str, its_columns: Sequence[tuple[str, PgType]], key: Sequence[str]) -> Relation:
        """The relation of these columns; columns of the key by their names, in any order."""
        shape = Shape(schema, table, tuple(its_columns), tuple(sorted(key)))
        if shape not in self._known:
            self._known[shape] = Relation.of(shape)
        return self._known[shape]
