"""How far a stream has been read, as its checkpoint says it."""

from dataclasses import dataclass
from typing import Any

from router.api import ConnectorError, Position, Reason
from sources.http_poll.cursor import CursorField, Value, value_text
from sources.http_poll.pages import Place

_KEYS = {"cursor", "page", "seen", "is_done"}


@dataclass(frozen=True, slots=True)
class Progress:
    """cursor: all records up to here have been read.

    page: the next page of a run that is under way, whose greatest value so far is `seen`; both None between runs.
    is_done: a backfill has read the stream to its end.
    """

    cursor: Value | None = None
    page: Place = None
    seen: Value | None = None
    is_done: bool = False

    @property
    def is_under_way(self) -> bool:
        """Whether a run was interrupted here."""
        return self.page is not None or self.seen is not None

    def to_position(self) -> Position:
        """As JSON."""
        position: dict[str, Any] = {"cursor": None if self.cursor is None else value_text(self.cursor)}
        if self.page is not None:
            position["page"] = self.page
        if self.seen is not None:
            position["seen"] = value_text(self.seen)
        if self.is_done:
            position["is_done"] = True
        return position


def progress(stream: str, position: Position | None, cursor: CursorField) -> Progress:
    """The progress of a checkpoint. Raises ConnectorError (CONFIG_INVALID) if somebody has made it unreadable."""
    if position is None:
        return Progress()
    newest, page, seen = position.get("cursor"), position.get("page"), position.get("seen")
    readable = all(isinstance(text, str | None) for text in (newest, seen))
    if not position.keys() <= _KEYS or not readable or not isinstance(page, str | int | None):
        message = f"The checkpoint of stream {stream} has keys or values that this source does not write."
        raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Correct it, or delete it to read from the beginning.")
    if not cursor.exists:
        newest = seen = None
    return Progress(
        None if newest is None else cursor.read(newest),
        page,
        None if seen is None else cursor.read(seen),
        position.get("is_done") is True,
    )
