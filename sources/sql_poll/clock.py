"""Times as a database compares them: the newest that may be read, a little earlier than another, or from a text."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, literal, select, types

from router.api import ConnectorError, Reason
from sources.sql_poll.sqlite_kinds import moment

# How exactly SQLite counts days, and a little more.
_SQLITE_TOLERANCE = timedelta(milliseconds=1)


class Clock:
    """The times of one column. zone: of columns that have none themselves."""

    def __init__(self, connection: Connection, column: ColumnElement[Any], zone: str) -> None:
        self._column = column
        self._zone = ZoneInfo(zone)
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._is_aware = isinstance(column.type, types.DateTime) and column.type.timezone

    @property
    def column(self) -> ColumnElement[Any]:
        """The column, as its times are compared with those that are not its own."""
        return func.julianday(self._column) if self._is_sqlite else self._column

    def bound(self, value: datetime) -> ColumnElement[Any]:
        """A time to compare with."""
        if self._is_sqlite:
            return func.julianday(literal(self._local(value).isoformat(" "), types.String()))
        return literal(value if self._is_aware else self._local(value), self._column.type)

    def horizon(self, connection: Connection, delay_seconds: float) -> ColumnElement[Any]:
        """The time up to which rows are read, by the database's own clock."""
        if self._is_sqlite:
            now = datetime.fromisoformat(
                connection.execute(select(func.strftime("%Y-%m-%d %H:%M:%f", "now"))).scalar_one()
            )
            now = now.replace(tzinfo=UTC)
        else:
            now = connection.execute(select(func.current_timestamp())).scalar_one()
        return self.bound(now - timedelta(seconds=delay_seconds))

    def earlier(self, value: Any, seconds: float) -> ColumnElement[Any]:
        """A time of the column, less the seconds. Raises ConnectorError (CONFIG_INVALID) if it is none."""
        found = moment(value) if self._is_sqlite else value
        if not isinstance(found, datetime):
            message = f"The values of {self._column.key!r} are no times."
            raise ConnectorError(Reason.CONFIG_INVALID, message, fix="See `timestamp_column`.")
        tolerance = _SQLITE_TOLERANCE if self._is_sqlite else timedelta()
        try:
            return self.bound(found - timedelta(seconds=seconds) - tolerance)
        except OverflowError:
            return self.bound(datetime.min)  # noqa: DTZ901  earlier than any row

    def told(self, value: Any) -> datetime | None:
        """The time of a value with its zone; None if it is none."""
        found = moment(value) if isinstance(value, str) else value
        if not isinstance(found, datetime):
            return None
        return (found if found.tzinfo else found.replace(tzinfo=self._zone)).astimezone(UTC)

    def _local(self, value: datetime) -> datetime:
        return value.astimezone(self._zone).replace(tzinfo=None) if value.tzinfo else value
