"""Reads a stream's rows in batches, and moves its checkpoint where reading on from there misses none."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from sqlalchemy import CursorResult, Engine, Select

from router.api import Checkpoint, Emit, Position, Schema
from sources.sql_poll.conditions import Conditions, Range
from sources.sql_poll.config import SqlPollConfig
from sources.sql_poll.engine import connect
from sources.sql_poll.origin import origin
from sources.sql_poll.position import Place, to_place, to_position
from sources.sql_poll.records import Rows
from sources.sql_poll.row_schema import Column
from sources.sql_poll.stream_config import StreamConfig
from sources.sql_poll.threads import in_thread

Schemas = Callable[[str, Sequence[Column]], Schema]


class Reading:
    """One run of one stream or, with bounds, one backfill."""

    def __init__(
        self, name: str, config: SqlPollConfig, engine: Engine, schemas: Schemas, bounds: Range | None
    ) -> None:
        self._name = name
        self._config = config
        self._stream: StreamConfig = config.streams[name]
        self._engine = engine
        self._schemas = schemas
        self._bounds = bounds

    async def to_end(self, emit: Emit, position: Position | None) -> None:
        """Read until there is nothing more. Raises ConnectorError."""
        place = to_place(self._name, self._stream.order, position)
        opened = ExitStack()
        try:
            result, rows, order = await in_thread(lambda: self._begin(opened, place))
            await self._emit_all(emit, result, rows, order, place)
        finally:
            await in_thread(opened.close)

    def _begin(self, opened: ExitStack, place: Place | None) -> tuple[CursorResult[Any], Rows, tuple[int, ...]]:
        """opened: what is to be closed, also if nobody waits for what is returned any more."""
        connection = opened.enter_context(connect(self._engine))
        found = origin(connection, self._stream)
        conditions = Conditions(connection, self._stream, found, self._config.time_zone)
        schema = self._schemas(self._name, found.fields)
        rows = Rows(self._name, self._stream, found, schema, conditions.clock)
        result = connection.execute(self._select(conditions, place))
        opened.callback(result.close)
        return result, rows, tuple(found.number(name) for name in self._stream.order)

    async def _emit_all(
        self, emit: Emit, result: CursorResult[Any], rows: Rows, order: tuple[int, ...], place: Place | None
    ) -> None:
        safe, batch = place, await self._fetch(result)
        published = place
        while batch:
            following = await self._fetch(result)
            safe = _later(safe, _complete([_place(row, order) for row in (*batch, *following[:1])], not following))
            is_done = self._bounds is not None and not following
            records = [rows.record(row) for row in batch]
            await emit(
                records, checkpoint=self._checkpoint(safe, is_done=is_done) if safe != published or is_done else None
            )
            published, batch = safe, following

    def _select(self, conditions: Conditions, place: Place | None) -> Select[Any]:
        return conditions.new_rows(place) if self._bounds is None else conditions.rows_within(self._bounds, place)

    def _checkpoint(self, place: Place | None, *, is_done: bool) -> Checkpoint:
        return Checkpoint(self._name, to_position(self._stream.order, place, is_done=is_done))

    async def _fetch(self, result: CursorResult[Any]) -> Sequence[Sequence[Any]]:
        return await in_thread(lambda: [tuple(row) for row in result.fetchmany(self._config.batch_rows)])


def _place(row: Sequence[Any], order: tuple[int, ...]) -> Place:
    return tuple(row[index] for index in order)


def _complete(places: Sequence[Place], is_end: bool) -> Place | None:
    """The last place of which no more rows can follow: rows of the same place may be in two batches."""
    if is_end:
        return places[-1]
    return next((place for place in reversed(places) if place != places[-1]), None)


def _later(one: Place | None, other: Place | None) -> Place | None:
    """The one that comes after the other; a run with a lookback begins behind what was read before."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
