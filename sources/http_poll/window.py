"""Which streams a backfill reads again, and between which values, from the words of its window."""

from collections.abc import Sequence

from router.api import ConnectorError, Reason, Window
from sources.http_poll.stream import Bounds, Stream


def windows(window: Window, streams: Sequence[Stream]) -> list[tuple[Stream, Bounds]]:
    """The streams to read, each with its bounds. Raises ConnectorError (CONFIG_INVALID).

    A bound is a value of the cursor, for all streams, or `stream=value` for one of them.
    """
    first_name, first = _bound(window.start)
    end_name, end = _bound(window.end)
    names = {name for name in (first_name, end_name) if name is not None}
    chosen = [stream for stream in streams if not names or stream.name in names]
    if len(names) > 1 or not chosen:
        raise _invalid("A window is within one of the source's streams, or about all of them.")
    if (first or end) is not None and not all(stream.cursor.exists for stream in chosen):
        without = ", ".join(stream.name for stream in chosen if not stream.cursor.exists)
        raise _invalid(f"These streams have no cursor, so that they can only be read as a whole: {without}.")
    return [(stream, _bounds(stream, first, end)) for stream in chosen]


def _bounds(stream: Stream, first: str | None, end: str | None) -> Bounds:
    start = None if first is None else stream.cursor.read(first)
    # From a little before, since some APIs leave out the value itself.
    low = None if start is None else stream.cursor.low(start)
    return Bounds(low, start, None if end is None else stream.cursor.read(end))


def _bound(text: str | None) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    name, sign, value = text.rpartition("=")
    return (name, value) if sign else (None, value)


def _invalid(message: str) -> ConnectorError:
    return ConnectorError(Reason.CONFIG_INVALID, message, fix="Write `value` or `stream=value`.")
