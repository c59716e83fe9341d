"""The kinds of SQLite's columns: times are texts there, and are compared and kept as such."""

from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import types

from sources.sql_poll.kinds import Kind, kind


def sqlite_kind(column_type: types.TypeEngine[Any]) -> tuple[types.TypeEngine[Any], Kind]:
    """As what the column is selected, and its kind."""
    found = kind(column_type)
    if isinstance(column_type, types.DateTime):
        return types.NullType(), Kind(found.avro, _moment)
    if isinstance(column_type, types.Date):
        return types.NullType(), Kind(found.avro, _date)
    if isinstance(column_type, types.Time):
        return types.NullType(), Kind(found.avro, _time)
    return column_type, found


def moment(value: Any) -> datetime | None:
    """The time of a text of ISO 8601; None if it is none."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _moment(value: Any) -> Any:
    found = moment(value)
    if found is None:
        return value
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _date(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _time(value: Any) -> Any:
    try:
        return time.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value
