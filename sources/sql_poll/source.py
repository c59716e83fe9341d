"""The SQL poll as a source: every stream in turn, in a run or in a backfill."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import Engine

from router.api import ConnectorError, Emit, Position, Reason, Schema, Window
from sources.sql_poll.conditions import Range
from sources.sql_poll.config import SqlPollConfig
from sources.sql_poll.engine import open_engine
from sources.sql_poll.position import is_done
from sources.sql_poll.reading import Reading
from sources.sql_poll.row_schema import Column, row_schema
from sources.sql_poll.window import ranges

# Errors of one stream alone: the others can be read all the same.
_OWN = (Reason.TARGET_MISSING, Reason.PERMISSION_DENIED, Reason.CONFIG_INVALID)


class SqlPollSource:
    """Reads the streams of one database, one after the other."""

    def __init__(self, config: SqlPollConfig, engine: Engine) -> None:
        self._config = config
        self._engine = engine
        self._schemas: dict[str, Schema] = {}

    async def run(self, emit: Emit, checkpoints: Mapping[str, Position]) -> None:
        """Read what is new in each stream; an error of one stream is raised after the others were read."""
        if not self._config.streams:
            message = "No streams are configured, so that there is nothing to read."
            raise ConnectorError(Reason.CONFIG_INVALID, message, fix="`router discover` shows the tables.")
        first_error: ConnectorError | None = None
        for name in self._config.streams:
            try:
                await self._reading(name, None).to_end(emit, checkpoints.get(name))
            except ConnectorError as error:
                if error.reason not in _OWN:
                    raise
                first_error = first_error or error
        if first_error is not None:
            raise first_error

    async def backfill(self, emit: Emit, checkpoints: Mapping[str, Position], window: Window) -> None:
        """Read the window of each stream again. Raises ConnectorError."""
        for name, bounds in ranges(window, tuple(self._config.streams)):
            if not is_done(checkpoints.get(name)):
                await self._reading(name, bounds).to_end(emit, checkpoints.get(name))

    def _reading(self, name: str, bounds: Range | None) -> Reading:
        return Reading(name, self._config, self._engine, self._schema, bounds)

    def _schema(self, name: str, columns: Sequence[Column]) -> Schema:
        """The stream's schema: the same object for as long as the table is the same."""
        schema = row_schema(name, columns)
        if name not in self._schemas or self._schemas[name] != schema:
            self._schemas[name] = schema
        return self._schemas[name]


@asynccontextmanager
async def open_source(config: SqlPollConfig, name: str) -> AsyncIterator[SqlPollSource]:
    """The source while the context lasts. Raises ConnectorError if the driver cannot be used."""
    async with open_engine(config, name) as engine:
        yield SqlPollSource(config, engine)
