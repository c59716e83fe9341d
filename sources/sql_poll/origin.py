"""What a stream selects from, with its columns as the database describes them now."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    MetaData,
    Table,
    TextClause,
    column,
    inspect,
    select,
    table,
    text,
    types,
)
from sqlalchemy.dialects import postgresql

from router.api import ConnectorError, Reason
from sources.sql_poll.kinds import Kind, kind
from sources.sql_poll.row_schema import Column, columns
from sources.sql_poll.sqlite_kinds import sqlite_kind
from sources.sql_poll.stream_config import StreamConfig

# PostgreSQL tells the types of a result by their numbers, which are the same in every database.
_BY_OID: dict[int, types.TypeEngine[Any]] = {
    16: types.Boolean(),
    17: types.LargeBinary(),
    20: types.BigInteger(),
    21: types.SmallInteger(),
    23: types.Integer(),
    700: types.Float(),
    701: types.Float(),
    1082: types.Date(),
    1083: types.Time(),
    1114: postgresql.TIMESTAMP(timezone=False),
    1184: postgresql.TIMESTAMP(timezone=True),
    2950: types.Uuid(),
}
_NUMERIC = 1700
_PSYCOPG = "psycopg"


class Origin(NamedTuple):
    """columns: how each is selected. fields: the same columns as the events have them. key: their names, if any."""

    source: FromClause | TextClause
    columns: tuple[ColumnElement[Any], ...]
    fields: tuple[Column, ...]
    key: tuple[str, ...]

    def column(self, name: str) -> ColumnElement[Any]:
        """The column of this name. Raises ConnectorError (CONFIG_INVALID)."""
        return self.columns[self.number(name)]

    def number(self, name: str) -> int:
        """Where the column of this name stands. Raises ConnectorError (CONFIG_INVALID)."""
        for index, each in enumerate(self.fields):
            if each.name == name:
                return index
        message = f"There is no column {name!r} in what is read; there are: {', '.join(c.name for c in self.fields)}."
        raise ConnectorError(
            Reason.CONFIG_INVALID, message, fix="Columns are named as the database does; case matters."
        )


def origin(connection: Connection, config: StreamConfig) -> Origin:
    """The origin of a stream. Raises ConnectorError, and what SQLAlchemy raises."""
    found = (
        table_origin(connection, config.table) if config.table is not None else _query(connection, config.query or "")
    )
    key = config.key or found.key
    for name in (*key, *config.order):
        found.number(name)
    return found._replace(key=key)


def table_origin(connection: Connection, name: str) -> Origin:
    """The origin of `table` or `schema.table`. Raises what SQLAlchemy raises."""
    schema, _, own_name = name.rpartition(".")
    if connection.dialect.driver == _PSYCOPG:
        key = inspect(connection).get_pk_constraint(own_name, schema or None)["constrained_columns"]
        source = table(own_name, schema=schema or None)
        return _origin(connection, source, _of_result(connection, source), tuple(key))
    reflected = Table(own_name, MetaData(), schema=schema or None, autoload_with=connection, resolve_fks=False)
    key = [str(each.name) for each in reflected.primary_key.columns]
    return _origin(connection, reflected, [(str(each.name), each.type) for each in reflected.columns], tuple(key))


def _query(connection: Connection, query: str) -> Origin:
    # A colon would begin a parameter.
    source = text(f"({query.replace(':', chr(92) + ':')}\n) AS polled")
    return _origin(connection, source, _of_result(connection, source), ())


def _of_result(connection: Connection, source: FromClause | TextClause) -> list[tuple[str, types.TypeEngine[Any]]]:
    """The columns' names and types as a result describes them; its types only PostgreSQL tells."""
    with connection.execute(select(text("*")).select_from(source).limit(0)) as result:
        return [(str(each[0]), _described(connection, each)) for each in result.cursor.description]


def _described(connection: Connection, description: Sequence[Any]) -> types.TypeEngine[Any]:
    if connection.dialect.driver != _PSYCOPG:
        return types.NullType()
    oid, precision, scale = description[1], description[4], description[5]
    if oid == _NUMERIC:
        return types.Numeric(precision, scale)
    return _BY_OID.get(oid, types.String())


def _origin(
    connection: Connection,
    source: FromClause | TextClause,
    named: Sequence[tuple[str, types.TypeEngine[Any]]],
    key: tuple[str, ...],
) -> Origin:
    selected: list[ColumnElement[Any]] = []
    kinds: list[tuple[str, Kind]] = []
    for name, its_type in named:
        raw, its_kind = its_type, kind(its_type)
        if connection.dialect.name == "sqlite":
            raw, its_kind = sqlite_kind(its_type)
        selected.append(column(name, raw))
        kinds.append((name, its_kind))
    return Origin(source, tuple(selected), columns(kinds), key)
