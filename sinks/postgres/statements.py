"""The SQL of a write, made once for each layout."""

from dataclasses import dataclass

from psycopg import sql

from sinks.postgres.layout import Layout


def table_identifier(table: str) -> sql.Identifier:
    """`table` or `schema.table`, quoted."""
    return sql.Identifier(*table.split("."))


@dataclass(frozen=True, slots=True)
class Statements:
    """stage: creates the temporary table that a batch is copied into. copy: fills it.

    merge: takes the parameters of an `Advance`, moves the position and, if it has moved, the rows; returns how many
    positions have moved and how many rows came in. One statement, so that the server never waits for a client, which
    may be stopped for ever, while it holds the lock on a position that another owner may want.
    """

    stage: bytes
    copy: bytes
    merge: bytes


def statements(layout: Layout, table: str, advance: sql.Composed) -> Statements:
    """The statements that write rows of the layout into the table. advance: updates the one position."""
    stage = sql.Identifier("pg_temp", f"batch_{layout.number}")
    names = sql.SQL(", ").join([sql.Identifier(column.name) for column in layout.columns])
    definitions = sql.SQL(", ").join(
        [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind.sql)) for name, kind, _ in layout.columns]
    )
    merge = sql.SQL(
        "WITH moved AS ({advance} RETURNING 1), merged AS ("
        "INSERT INTO {table} AS existing ({names}) SELECT {names} FROM {stage} WHERE EXISTS (SELECT FROM moved) "
        "{conflict} RETURNING 1) SELECT (SELECT count(*) FROM moved), (SELECT count(*) FROM merged)"
    ).format(advance=advance, table=table_identifier(table), names=names, stage=stage, conflict=_conflict(layout))
    return Statements(
        stage=sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS")
        .format(stage, definitions)
        .as_bytes(),
        copy=sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(stage, names).as_bytes(),
        merge=merge.as_bytes(),
    )


def _conflict(layout: Layout) -> sql.Composed:
    unique = sql.SQL(", ").join([sql.Identifier(name) for name in layout.conflict])
    if layout.version is None:
        return sql.SQL("ON CONFLICT ({}) DO NOTHING").format(unique)
    changes = [
        sql.SQL("{name} = excluded.{name}").format(name=sql.Identifier(column.name))
        for column in layout.columns
        if column.name not in layout.conflict
    ]
    # A row that was there before this sink has no version: any event is newer.
    return sql.SQL(
        "ON CONFLICT ({}) DO UPDATE SET {} WHERE (existing.{version} < excluded.{version}) IS NOT FALSE"
    ).format(unique, sql.SQL(", ").join(changes), version=sql.Identifier(layout.version))
