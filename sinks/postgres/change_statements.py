"""The SQL that merges a batch of changes into a replicated table."""

from psycopg import sql

from sinks.postgres.change_layout import INDEX, LSN, STAGED, ChangeLayout, Place
from sinks.postgres.statements import Statements, table_identifier

NAME = "sink_deletions"

_CREATE = sql.SQL(
    "CREATE TABLE IF NOT EXISTS {} (target text, key text, lsn bigint NOT NULL, index bigint NOT NULL, "
    "at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (target, key))"
)
_PRUNE = sql.SQL("DELETE FROM {} WHERE target = {} AND at < now() - make_interval(hours => {})")

# No row is touched by two of these, since a statement must not: a key is staged once, and a truncation leaves the rows
# alone that the batch writes.
_MERGE = sql.SQL(
    "WITH moved AS ({advance} RETURNING 1), "
    "s AS MATERIALIZED (SELECT s.* FROM {stage} AS s WHERE EXISTS (SELECT FROM moved)), "
    "removed AS (DELETE FROM {table} AS t USING s WHERE s.op = 'd' AND {same} AND {older_row}), "
    "{emptied}"
    "noted AS (INSERT INTO {deletions} AS d (target, key, lsn, index) "
    "SELECT {target}, s.key, s.lsn, s.index FROM s WHERE s.op IN ('d', 't') "
    "ON CONFLICT (target, key) DO UPDATE SET lsn = excluded.lsn, index = excluded.index, at = now() "
    "WHERE (d.lsn, d.index) < (excluded.lsn, excluded.index) RETURNING 1), "
    "merged AS (INSERT INTO {table} AS existing ({names}) SELECT {values}, s.lsn, s.index FROM s {join} "
    "WHERE s.op NOT IN ('d', 't') AND NOT EXISTS (SELECT FROM {deletions} AS d WHERE d.target = {target} "
    "AND d.key IN (s.key, '') AND (d.lsn, d.index) >= (s.lsn, s.index)) "
    "ON CONFLICT ({unique}) DO UPDATE SET {changes} "
    "WHERE ((existing.{lsn}, existing.{index}) < (excluded.{lsn}, excluded.{index})) IS NOT FALSE RETURNING 1) "
    "SELECT (SELECT count(*) FROM moved), (SELECT count(*) FROM merged) + (SELECT count(*) FROM noted)"
)
_EMPTIED = sql.SQL(
    "emptied AS (DELETE FROM {table} AS t USING s AS whole WHERE whole.op = 't' "
    "AND ((t.{lsn}, t.{index}) < (whole.lsn, whole.index)) IS NOT FALSE "
    "AND NOT EXISTS (SELECT FROM s WHERE s.op NOT IN ('d', 't') AND {same})), "
)


class Deletions:
    """The table of deletions, beside the one that is replicated: what was deleted, and where in the origin's log.

    Without it, an older change that comes later, from a replay, a backfill or another partition, would bring the row
    back.
    """

    def __init__(self, table: str) -> None:
        schema, dot, _ = table.rpartition(".")
        self.table = f"{schema}{dot}{NAME}"
        self.create = _CREATE.format(table_identifier(self.table)).as_bytes()

    def prune(self, table: str, hours: int) -> bytes:
        """The statement that forgets deletions that are older than anything that can still come."""
        made = _PRUNE.format(table_identifier(self.table), sql.Literal(table), sql.Literal(hours))
        return made.as_bytes()


def change_statements(layout: ChangeLayout, table: str, advance: sql.Composed, *, is_rich: bool) -> Statements:
    """The statements for a batch. is_rich: some rows are more than values."""
    stage = sql.Identifier("pg_temp", f"changes_{layout.number}")
    staged = [(name, kind.sql) for name, kind in STAGED]
    staged += [(f"c{number}", place.staged.sql) for number, place in enumerate(layout.places)]
    names = sql.SQL(", ").join([sql.Identifier(name) for name, _ in staged])
    definitions = sql.SQL(", ").join([sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(t)) for n, t in staged])
    return Statements(
        stage=sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS")
        .format(stage, definitions)
        .as_bytes(),
        copy=sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(stage, names).as_bytes(),
        merge=_merge(layout, table, advance, stage, is_rich=is_rich).as_bytes(),
    )


def _merge(
    layout: ChangeLayout, table: str, advance: sql.Composed, stage: sql.Identifier, *, is_rich: bool
) -> sql.Composed:
    identifier = table_identifier(table)
    values = [_value(number, place, is_rich=is_rich) for number, place in enumerate(layout.places)]
    same = sql.SQL(" AND ").join(
        [
            sql.SQL("t.{} = {}").format(sql.Identifier(place.column.name), _value(number, place, is_key=True))
            for number, place in enumerate(layout.places)
            if place.column.name in layout.conflict
        ]
    )
    written = [place.column.name for place in layout.places] + [LSN, INDEX]
    ours = {"lsn": sql.Identifier(LSN), "index": sql.Identifier(INDEX)}
    return _MERGE.format(
        advance=advance,
        stage=stage,
        table=identifier,
        same=same,
        older_row=sql.SQL("((t.{lsn}, t.{index}) < (s.lsn, s.index)) IS NOT FALSE").format(**ours),
        emptied=_EMPTIED.format(table=identifier, same=same, **ours) if is_rich else sql.SQL(""),
        deletions=table_identifier(Deletions(table).table),
        target=sql.Literal(table),
        names=sql.SQL(", ").join([sql.Identifier(name) for name in written]),
        values=sql.SQL(", ").join(values),
        join=sql.SQL("LEFT JOIN {} AS t ON {}").format(identifier, same) if is_rich else sql.SQL(""),
        unique=sql.SQL(", ").join([sql.Identifier(name) for name in layout.conflict]),
        changes=sql.SQL(", ").join(
            [
                sql.SQL("{name} = excluded.{name}").format(name=sql.Identifier(name))
                for name in written
                if name not in layout.conflict
            ]
        ),
        **ours,
    )


def _value(number: int, place: Place, *, is_rich: bool = False, is_key: bool = False) -> sql.Composed:
    """The staged value as the column's type; of a rich row, perhaps the value that is there, or a text."""
    parts = {
        "staged": sql.Identifier("s", f"c{number}"),
        "type": sql.SQL(place.column.kind.sql),
        "field": sql.Literal(place.field),
        "name": sql.Identifier(place.column.name),
    }
    if is_key:
        return sql.SQL("coalesce((s.texts ->> {field})::{type}, {staged}::{type})").format(**parts)
    if not is_rich:
        return sql.SQL("{staged}::{type}").format(**parts)
    return sql.SQL(
        "CASE WHEN s.unchanged ? {field} THEN t.{name}::{type} "
        "WHEN s.texts ? {field} THEN (s.texts ->> {field})::{type} ELSE {staged}::{type} END"
    ).format(**parts)
