"""Creates the target table and adds what it lacks; never drops or changes anything."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import psycopg
from psycopg import AsyncConnection, sql

from router.api import ConnectorError, Reason
from sinks.postgres.layout import Column
from sinks.postgres.statements import table_identifier

# All sinks that create or alter tables of a database take turns. The number is arbitrary, but must never change.
_LOCK = "SELECT pg_advisory_xact_lock(5066549580791808)"

_COLUMNS = """
SELECT attname, format_type(atttypid, NULL),
       attnotnull AND NOT atthasdef AND attidentity = '' AND attgenerated = ''
FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""
_UNIQUE = """
SELECT array_agg(attname::text) FROM pg_index
JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey[0:indnkeyatts - 1])
WHERE indrelid = to_regclass(%s) AND indisunique AND indisvalid AND indpred IS NULL AND indexprs IS NULL
GROUP BY indexrelid
"""


class Wanted(Protocol):
    """What a table must have. conflict: columns that are unique. is_replica: the key of a new table is its primary."""

    @property
    def columns(self) -> tuple[Column, ...]: ...  # noqa: D102
    @property
    def conflict(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def is_replica(self) -> bool: ...  # noqa: D102


class _Found(NamedTuple):
    """What is there. types: by column. demanded: columns that a row must give a value to. unique: per index."""

    types: dict[str, str]
    demanded: frozenset[str]
    unique: tuple[frozenset[str], ...]


async def ensure_table(connection: AsyncConnection, table: str, layout: Wanted) -> None:
    """Make the table fit the layout. Raises ConnectorError (TABLE_MISMATCH) where only a person can, psycopg.Error."""
    if _fits(await _find(connection, table), layout, table):
        return
    async with connection.transaction():
        await connection.execute(_LOCK)
        # Somebody may have done it while we waited for the lock.
        found = await _find(connection, table)
        if not _fits(found, layout, table):
            await _mend(connection, table, layout, found)


async def ensure_positions(connection: AsyncConnection, table: str, create: bytes) -> None:
    """Create the table of positions unless it exists. Raises psycopg.Error."""
    # Looked up first: CREATE TABLE IF NOT EXISTS asks for the right to create even where there is nothing to do.
    if (await _find(connection, table)).types:
        return
    async with connection.transaction():
        await connection.execute(_LOCK)
        await connection.execute(create)


async def _find(connection: AsyncConnection, table: str) -> _Found:
    name = table_identifier(table).as_string()
    columns = await (await connection.execute(_COLUMNS, (name,))).fetchall()
    unique = await (await connection.execute(_UNIQUE, (name,))).fetchall()
    return _Found(
        {column: kind for column, kind, _ in columns},
        frozenset([column for column, _, demanded in columns if demanded]),
        tuple([frozenset(names) for (names,) in unique]),
    )


def _fits(found: _Found, layout: Wanted, table: str) -> bool:
    """Whether nothing is missing. Raises ConnectorError if something is in the way."""
    names = {column.name for column in layout.columns}
    for name, kind, _ in layout.columns:
        if name in found.types and found.types[name] not in kind.accepted:
            raise ConnectorError(
                Reason.TABLE_MISMATCH,
                f"Column {name} of table {table} is {found.types[name]}, but the events need {kind.sql}.",
                fix="Change the column's type, or use another table; the sink never changes a type.",
            )
    if found.demanded - names:
        raise ConnectorError(
            Reason.TABLE_MISMATCH,
            f"Table {table} demands values that the events do not have: {', '.join(sorted(found.demanded - names))}.",
            fix="Make the columns nullable, or give them defaults.",
        )
    return names <= found.types.keys() and frozenset(layout.conflict) in found.unique


async def _mend(connection: AsyncConnection, table: str, layout: Wanted, found: _Found) -> None:
    identifier = table_identifier(table)
    if not found.types:
        definitions = _definitions(layout.columns, layout.conflict)
        if layout.is_replica:
            key = sql.SQL(", ").join([sql.Identifier(name) for name in layout.conflict])
            definitions = sql.SQL("{}, PRIMARY KEY ({})").format(definitions, key)
        await connection.execute(sql.SQL("CREATE TABLE {} ({})").format(identifier, definitions))
    missing = [column for column in layout.columns if found.types and column.name not in found.types]
    for name, kind, _ in missing:
        await connection.execute(
            sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(identifier, sql.Identifier(name), sql.SQL(kind.sql))
        )
    if frozenset(layout.conflict) not in found.unique and (found.types or not layout.is_replica):
        await _make_unique(connection, table, layout)


def _definitions(columns: Sequence[Column], conflict: Sequence[str]) -> sql.Composed:
    """Data's columns are nullable, whatever the schema says: a later schema may leave them out."""
    return sql.SQL(", ").join(
        [
            sql.SQL("{} {}{}").format(
                sql.Identifier(name),
                sql.SQL(kind.sql),
                sql.SQL(" NOT NULL" if required or name in conflict else ""),
            )
            for name, kind, required in columns
        ]
    )


async def _make_unique(connection: AsyncConnection, table: str, layout: Wanted) -> None:
    names = sql.SQL(", ").join([sql.Identifier(name) for name in layout.conflict])
    try:
        await connection.execute(sql.SQL("CREATE UNIQUE INDEX ON {} ({})").format(table_identifier(table), names))
    except psycopg.errors.UniqueViolation:
        # Without the cause: its detail holds values.
        raise ConnectorError(
            Reason.TABLE_MISMATCH,
            f"Table {table} has rows with the same {', '.join(layout.conflict)}, which must be unique.",
            fix="Remove the duplicates, or use another table.",
        ) from None
