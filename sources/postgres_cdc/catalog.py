"""What Postgres's catalogue says of tables and types."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import AsyncConnection, AsyncRawCursor

from router.api import ConnectorError, Reason
from sources.postgres_cdc.kinds import PgType

# A table may be listed in the configuration long before it is looked up, so it is found by its name each time.
_TABLES = """
SELECT c.oid::bigint, n.nspname, c.relname, c.relkind::text, c.relreplident::text, greatest(c.reltuples, -1)::bigint,
       has_table_privilege(c.oid, 'SELECT'),
       ARRAY(SELECT a.attname::text FROM pg_index i
             CROSS JOIN unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(n, o)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.n
             WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY k.o),
       ARRAY(SELECT a.attname::text FROM pg_index i
             CROSS JOIN unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(n, o)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.n
             WHERE i.indrelid = c.oid AND i.indisreplident ORDER BY k.o)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname || '.' || c.relname = ANY ($1)
"""
# Generated columns are not in the log, so they are not in the snapshot either.
_COLUMNS = """
SELECT attname, atttypid::bigint, atttypmod FROM pg_attribute
WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""
_TYPE = """
SELECT typtype::text, typcategory::text, typbasetype::bigint, typtypmod, typelem::bigint,
       typnamespace = 'pg_catalog'::regnamespace, format_type(oid, $2)
FROM pg_type WHERE oid = $1
"""
_FULL, _INDEX, _NONE = "f", "i", "n"
_TABLE_KINDS = "rp"
# int2vector and oidvector are arrays to the catalogue, but are not written as such.
_VECTORS = frozenset({22, 30})
_NO_MODIFIER = -1


class Table(NamedTuple):
    """A table. key: its columns that identify a row, in the log too. estimate: of its rows; -1 if never analysed."""

    oid: int
    schema: str
    name: str
    kind: str
    identity: str
    estimate: int
    readable: bool
    primary_key: tuple[str, ...]
    identity_index: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.name}"

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key, or of the index that the table's replica identity names instead."""
        return self.identity_index if self.identity == _INDEX else self.primary_key

    @property
    def is_identified(self) -> bool:
        """Whether Postgres can say in its log which row was changed; if not, it refuses changes of published tables."""
        return self.identity == _FULL or (self.identity != _NONE and bool(self.key))


class Catalog:
    """The catalogue, asked through a connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def tables(self, names: Sequence[str]) -> list[Table]:
        """The tables, in the order of their names. Raises ConnectorError (TARGET_MISSING, CONFIG_INVALID)."""
        cursor = await _raw(self._connection).execute(_TABLES, [list(names)])
        found = {}
        for oid, schema, name, kind, identity, estimate, readable, primary, index in await cursor.fetchall():
            table = Table(oid, schema, name, kind, identity, estimate, readable, tuple(primary), tuple(index))
            found[table.full_name] = table
        missing = [name for name in names if name not in found or found[name].kind not in _TABLE_KINDS]
        if missing:
            raise ConnectorError(
                Reason.CONFIG_INVALID,
                f"The database has no table {', '.join(missing)}.",
                fix="Write `schema.table` as the database does, case included; views cannot be followed.",
            )
        return [found[name] for name in names]

    async def columns(self, table: Table) -> list[tuple[str, PgType]]:
        """The columns that are in the log, as they are now."""
        cursor = await _raw(self._connection).execute(_COLUMNS, [table.oid])
        return [(name, await self.resolve(oid, modifier)) for name, oid, modifier in await cursor.fetchall()]

    async def resolve(self, oid: int, modifier: int) -> PgType:
        """The type; a string if it exists no longer."""
        cursor = await _raw(self._connection).execute(_TYPE, [oid, modifier])
        row = await cursor.fetchone()
        if row is None:
            return PgType(0, _NO_MODIFIER, "text", f"type {oid}")
        typtype, category, base, base_modifier, element, is_builtin, origin = row
        if typtype == "d":
            resolved = await self.resolve(base, base_modifier)
            return resolved._replace(origin=origin)
        if category == "A" and element and oid not in _VECTORS:
            item = await self.resolve(element, modifier)
            return PgType(oid if is_builtin else 0, modifier, f"{item.sql}[]", origin, item)
        if is_builtin:
            return PgType(oid, modifier, origin, origin)
        return PgType(0, _NO_MODIFIER, "text", origin)


def _raw(connection: AsyncConnection) -> "AsyncRawCursor[tuple[Any, ...]]":
    return AsyncRawCursor(connection)
