"""Which rows are selected: those after a place, from a start, up to a horizon, or within a window."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, literal, or_, select

from router.api import ConnectorError, Reason
from sources.sql_poll.clock import Clock
from sources.sql_poll.origin import Origin
from sources.sql_poll.position import Place
from sources.sql_poll.sqlite_kinds import moment
from sources.sql_poll.stream_config import Incrementing, StreamConfig


class Range(NamedTuple):
    """The bounds of a backfill, as its window has them: from the first up to, not including, the end."""

    first: str | None
    end: str | None


class Conditions:
    """The statements of one stream."""

    def __init__(self, connection: Connection, config: StreamConfig, origin: Origin, zone: str) -> None:
        self._connection = connection
        self._config = config
        self._origin = origin
        self._columns = [origin.column(name) for name in config.order]
        self.clock = Clock(connection, self._columns[0], zone)

    def new_rows(self, place: Place | None) -> Select[Any]:
        """What a run reads. Raises ConnectorError (CONFIG_INVALID) if the place is none of the columns."""
        wanted = [] if place is None else [self._after(place, with_lookback=True)]
        if place is None and self._config.start is not None:
            wanted.append(self._first() >= self._bound(str(self._config.start)))
        if not isinstance(self._config, Incrementing):
            horizon = self.clock.horizon(self._connection, self._config.delay_seconds)
            wanted.append(self.clock.column <= horizon)
        return self._select(wanted)

    def rows_within(self, bounds: Range, place: Place | None) -> Select[Any]:
        """What a backfill reads. Raises ConnectorError (CONFIG_INVALID) if a bound is none of the column."""
        wanted = [] if place is None else [self._after(place, with_lookback=False)]
        if bounds.first is not None:
            wanted.append(self._first() >= self._bound(bounds.first))
        if bounds.end is not None:
            wanted.append(self._first() < self._bound(bounds.end))
        return self._select(wanted)

    def _select(self, wanted: list[ColumnElement[bool]]) -> Select[Any]:
        present = [column.is_not(None) for column in self._columns]
        return (
            select(*self._origin.columns)
            .select_from(self._origin.source)
            .where(*present, *wanted)
            .order_by(*self._columns)
        )

    def _after(self, place: Place, *, with_lookback: bool) -> ColumnElement[bool]:
        config, first = self._config, self._columns[0]
        if with_lookback and isinstance(config, Incrementing) and config.lookback:
            if not isinstance(place[0], int):
                message = f"`lookback` needs numbers in {config.incrementing_column!r}."
                raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Set it to 0.")
            return first >= literal(place[0] - config.lookback, first.type)
        if with_lookback and not isinstance(config, Incrementing) and config.lookback_seconds:
            return self.clock.column >= self.clock.earlier(place[0], config.lookback_seconds)
        after = first > literal(place[0], first.type)
        if len(place) == 1:
            return after
        second = self._columns[1]
        tie = and_(first == literal(place[0], first.type), second > literal(place[1], second.type))
        return or_(after, tie)

    def _first(self) -> ColumnElement[Any]:
        return self._columns[0] if isinstance(self._config, Incrementing) else self.clock.column

    def _bound(self, text: str) -> ColumnElement[Any]:
        column = self._columns[0]
        if not isinstance(self._config, Incrementing):
            found = moment(text)
            if found is None:
                raise ConnectorError(
                    Reason.CONFIG_INVALID, "A bound is no time.", fix="Write it as 2026-01-31T00:00:00Z."
                )
            return self.clock.bound(found)
        is_number = text.lstrip("-").isascii() and text.lstrip("-").isdigit()
        return literal(int(text) if is_number else text, column.type)
