"""The queries that read rows by COPY, and the texts in what they answer."""

from collections.abc import Mapping
from typing import NamedTuple

import orjson
from psycopg import AsyncConnection, sql

from sources.postgres_cdc.catalog import Table
from sources.postgres_cdc.changes import Missing
from sources.postgres_cdc.compiled import Row, Texts
from sources.postgres_cdc.relation import Relation
from sources.postgres_cdc.texts import decoded, split
from sources.postgres_cdc.wire import Wire

Key = Mapping[str, str | int]
"""The values of a key's fields, numbers as such and all else as Postgres's text."""

_PARTITIONED = "p"


class Part(NamedTuple):
    """Which rows of a table. after: those behind this key. first, end: bounds of the key's first column."""

    after: Key | None = None
    first: str | None = None
    end: str | None = None


def rows_query(table: Table, relation: Relation, part: Part) -> bytes:
    """The COPY of the rows, ordered by the key. Without a key, each row begins with what identifies it instead."""
    fields = {column.name: column.field for column in relation.columns}
    names: list[sql.Composable] = [sql.Identifier(column.name) for column in relation.columns]
    if not relation.key:
        names.insert(0, sql.SQL("tableoid::text || ctid::text"))
    conditions: list[sql.Composable] = []
    key = sql.SQL(", ").join([sql.Identifier(name) for name in table.key])
    if part.after is not None:
        values = [sql.Literal(str(part.after[fields[name]])) for name in table.key]
        conditions.append(sql.SQL("ROW({}) > ROW({})").format(key, sql.SQL(", ").join(values)))
    for bound, comparison in ((part.first, "{} >= {}"), (part.end, "{} < {}")):
        if bound is not None:
            conditions.append(sql.SQL(comparison).format(sql.Identifier(table.key[0]), sql.Literal(bound)))
    return (
        sql.SQL("COPY (SELECT {} FROM {}{}{}{}) TO STDOUT")
        .format(
            sql.SQL(", ").join(names),
            # Rows of tables that inherit from this one are not among its changes either; partitions are.
            sql.SQL("" if table.kind == _PARTITIONED else "ONLY "),
            sql.Identifier(table.schema, table.name),
            sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(conditions)) if conditions else sql.SQL(""),
            sql.SQL(" ORDER BY {}").format(key) if relation.key else sql.SQL(""),
        )
        .as_bytes()
    )


async def select_values(connection: AsyncConnection, missing: Missing) -> tuple[Row, Texts]:
    """The values of a row's fields as they are now; none if the row is gone. Raises psycopg.Error."""
    relation, key = missing.relation, parse_key(missing.key)
    names = {column.field: sql.Identifier(column.name) for column in relation.columns}
    texts_of = [names[c.field] if c.field in missing.unchanged else sql.SQL("NULL") for c in relation.columns]
    query = sql.SQL("COPY (SELECT {} FROM {} WHERE {}) TO STDOUT").format(
        sql.SQL(", ").join(texts_of),
        sql.Identifier(relation.shape.schema, relation.shape.table),
        sql.SQL(" AND ").join(
            [sql.SQL("{} = {}").format(names[field], sql.Literal(str(value))) for field, value in key.items()]
        ),
    )
    found: list[bytes] = []
    # The connection also sends heartbeats.
    async with connection.lock:
        wire = Wire(connection)
        await wire.start(query.as_bytes())
        while messages := await wire.messages(1):
            found += messages
    if not found:
        return {}, {}
    row, texts, _ = relation.read_line(decoded(split(found[0])[0]))
    return {field: row[field] for field in missing.unchanged}, texts


def parse_key(subject: str) -> dict[str, str | int]:
    """The key in a record's subject."""
    key: dict[str, str | int] = orjson.loads(subject)
    return key
