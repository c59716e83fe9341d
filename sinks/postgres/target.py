"""How the events of one schema are written: as rows of their own, or as changes of rows."""

import math
import time
from collections.abc import Sequence
from typing import Protocol

from psycopg import sql

from router.api import Event, Schema
from sinks.postgres.change_layout import change_layout, is_change
from sinks.postgres.change_rows import change_rows
from sinks.postgres.change_statements import Deletions, change_statements
from sinks.postgres.config import PostgresConfig
from sinks.postgres.layout import layout
from sinks.postgres.rows import Rows, rows
from sinks.postgres.session import Session
from sinks.postgres.statements import Statements, statements
from sinks.postgres.table import ensure_positions, ensure_table

_TIDY_SECONDS = 3_600


class Target(Protocol):
    """What a batch of one schema needs. due_at: when `ensure` is to be called (monotonic seconds); at first at once."""

    due_at: float

    async def ensure(self, session: Session) -> None:
        """Make the tables fit. Raises ConnectorError (TABLE_MISMATCH), psycopg.Error."""
        ...

    def prepare(self, events: Sequence[Event]) -> tuple[Rows, Statements]:
        """The rows of a batch and the statements that write them. Raises RecordsRefusedError."""
        ...


def target(config: PostgresConfig, schema: Schema | None, number: int, moving: sql.Composed) -> Target:
    """The target for events of a schema; number: differs per target. Raises ConnectorError (TABLE_MISMATCH)."""
    if schema is not None and config.mode == "upsert" and is_change(schema):
        return ChangeTarget(config, schema, number, moving)
    return RowTarget(config, schema, number, moving)


class RowTarget:
    """Events that are rows of their own."""

    def __init__(self, config: PostgresConfig, schema: Schema | None, number: int, moving: sql.Composed) -> None:
        self._table = config.table
        self._layout = layout(config, schema, number)
        self._statements = statements(self._layout, config.table, moving)
        self.due_at = 0.0

    async def ensure(self, session: Session) -> None:
        """Make the table fit."""
        await ensure_table(session.connection, self._table, self._layout)
        self.due_at = math.inf

    def prepare(self, events: Sequence[Event]) -> tuple[Rows, Statements]:
        """The rows and the one set of statements."""
        return rows(self._layout, events), self._statements


class ChangeTarget:
    """Events that are changes of the rows of a table, which is replicated."""

    def __init__(self, config: PostgresConfig, schema: Schema, number: int, moving: sql.Composed) -> None:
        self._config = config
        self._layout = change_layout(config, schema, number)
        self._plain = change_statements(self._layout, config.table, moving, is_rich=False)
        self._rich = change_statements(self._layout, config.table, moving, is_rich=True)
        self.due_at = 0.0

    async def ensure(self, session: Session) -> None:
        """Make the table and that of the deletions fit, and forget what is too old to matter."""
        deletions = Deletions(self._config.table)
        await ensure_table(session.connection, self._config.table, self._layout)
        await ensure_positions(session.connection, deletions.table, deletions.create)
        await session.connection.execute(deletions.prune(self._config.table, self._config.deletions_kept_hours))
        self.due_at = time.monotonic() + _TIDY_SECONDS

    def prepare(self, events: Sequence[Event]) -> tuple[Rows, Statements]:
        """The last change of each key, and the statements that these need."""
        some, is_rich = change_rows(self._layout, events)
        return some, self._rich if is_rich else self._plain
