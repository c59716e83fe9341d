"""Reads the message that describes a table's version before its first change."""

import struct
from collections.abc import Collection

from router.api import ConnectorError
from sources.postgres_cdc.catalog import Catalog
from sources.postgres_cdc.relation import Relation, Relations

_BODY = 26
_NAMES = _BODY + 4
_COUNT = struct.Struct("!cH")
_COLUMN = struct.Struct("!Ii")
_FULL = b"f"
_IN_KEY = 1


async def relation_of(
    message: bytes, catalog: Catalog, relations: Relations, selected: Collection[str]
) -> tuple[bytes, Relation | None]:
    """The four bytes of the relation's id, and the relation; None if it is not selected. Raises psycopg.Error."""
    identity = message[_BODY:_NAMES]
    schema, at = _text(message, _NAMES)
    table, at = _text(message, at)
    schema = schema or "pg_catalog"
    if f"{schema}.{table}" not in selected:
        return identity, None
    replica_identity, count = _COUNT.unpack_from(message, at)
    at += _COUNT.size
    columns, key = [], []
    for _ in range(count):
        flags = message[at]
        name, at = _text(message, at + 1)
        oid, modifier = _COLUMN.unpack_from(message, at)
        at += _COLUMN.size
        columns.append((name, await catalog.resolve(oid, modifier)))
        if flags & _IN_KEY:
            key.append(name)
    if replica_identity == _FULL:
        key = await _primary_key(catalog, f"{schema}.{table}", {name for name, _ in columns})
    return identity, relations.get(schema, table, columns, key)


async def _primary_key(catalog: Catalog, table: str, columns: Collection[str]) -> list[str]:
    """The key as it is now, since with REPLICA IDENTITY FULL the log does not tell."""
    try:
        (found,) = await catalog.tables([table])
    except ConnectorError:
        # Dropped or renamed since.
        return []
    return list(found.key) if set(found.key) <= set(columns) else []


def _text(message: bytes, at: int) -> tuple[str, int]:
    end = message.index(0, at)
    return message[at:end].decode(), end + 1
