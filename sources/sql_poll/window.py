"""Which streams a backfill reads again, and between which values, from the words of its window."""

from collections.abc import Sequence

from router.api import ConnectorError, Reason, Window
from sources.sql_poll.conditions import Range


def ranges(window: Window, streams: Sequence[str]) -> list[tuple[str, Range]]:
    """The streams to read, each with its range. Raises ConnectorError (CONFIG_INVALID).

    A bound is a value of the column that rows are read by, for all streams, or `stream=value` for one of them.
    """
    first_name, first = _bound(window.start)
    end_name, end = _bound(window.end)
    names = {name for name in (first_name, end_name) if name is not None}
    if len(names) > 1 or not names <= set(streams):
        message = "A window is within one of the source's streams, or about all of them."
        raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Write `value` or `stream=value`.")
    return [(name, Range(first, end)) for name in streams if not names or name in names]


def _bound(text: str | None) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    name, sign, value = text.rpartition("=")
    return (name, value) if sign else (None, value)
