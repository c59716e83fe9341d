"""How far a stream has been read: the values of its last row's columns, as JSON."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from router.api import ConnectorError, Position, Reason

Place = tuple[Any, ...]
"""The values of the columns by which rows are read."""

_DONE = "is_done"


def to_position(order: Sequence[str], place: Place | None, *, is_done: bool = False) -> Position:
    """The place as JSON, such as `{"id": 7}`. Raises ConnectorError (CONFIG_INVALID)."""
    position = {} if place is None else {name: _written(name, value) for name, value in zip(order, place, strict=True)}
    return {"after": position} | ({_DONE: True} if is_done else {})


def to_place(stream: str, order: Sequence[str], position: Position | None) -> Place | None:
    """The place of a checkpoint; None at the very first. Raises ConnectorError (CONFIG_INVALID)."""
    after = None if position is None else position.get("after")
    if position is None or after == {}:
        return None
    if not isinstance(after, dict) or after.keys() != set(order):
        message = f"The checkpoint of stream {stream} is not of the columns {', '.join(order)}."
        raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Correct it, or delete it to read from the beginning.")
    return tuple(_read(stream, after[name]) for name in order)


def is_done(position: Position | None) -> bool:
    """Whether a backfill has read the stream to its end."""
    return position is not None and position.get(_DONE) is True


def _written(name: str, value: Any) -> Any:
    if isinstance(value, int | str) and not isinstance(value, bool):
        return value
    if isinstance(value, datetime):
        return {"timestamp": value.isoformat()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    message = f"Rows cannot be read by column {name!r}: its values are no numbers, texts or times."
    raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Choose another column.")


def _read(stream: str, value: Any) -> Any:
    if isinstance(value, int | str):
        return value
    try:
        if isinstance(value, dict) and value.keys() == {"timestamp"}:
            return datetime.fromisoformat(value["timestamp"])
        if isinstance(value, dict) and value.keys() == {"decimal"}:
            return Decimal(value["decimal"])
    except (ValueError, TypeError, ArithmeticError):
        # Said below, as of every other value.
        pass
    message = f"The checkpoint of stream {stream} has a value that is none."
    raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Correct it, or delete it to read from the beginning.")
