"""Turns the events of a batch into the rows to be written: encoded, and for upserts one per key."""

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from router.api import ConnectorError, Event, Reason, RecordsRefusedError
from sinks.postgres.layout import Layout

# https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_TRAILER = struct.pack("!h", -1)

UNENCODABLE = (ValueError, TypeError, OverflowError, ArithmeticError, AttributeError, struct.error)


class Rows(NamedTuple):
    """Encoded rows, and for each which event of the batch it was made of."""

    encoded: Sequence[bytes]
    event_indexes: Sequence[int]


def rows(layout: Layout, events: Sequence[Event]) -> Rows:
    """The rows of a batch, in order. Raises RecordsRefusedError for the events that no row can be made of."""
    chosen: Sequence[int] = range(len(events)) if layout.version is None else _newest(layout, events)
    encode = layout.row
    try:
        return Rows([encode(events[index]) for index in chosen], chosen)
    except UNENCODABLE:
        # Some event is to blame: find all of them, so that the batch is refused once.
        raise RecordsRefusedError(dict(_refused(encode, events))) from None


def block(encoded: Sequence[bytes]) -> bytes:
    """The rows as one block for COPY."""
    return b"".join([_HEADER, *encoded, _TRAILER])


def _newest(layout: Layout, events: Sequence[Event]) -> list[int]:
    """The indexes of the newest event of each key: one INSERT cannot touch a row twice."""
    newest: dict[tuple[object, ...], int] = {}
    refused: dict[int, ConnectorError] = {}
    for index, event in enumerate(events):
        key = layout.key(event)
        if event.data is None:
            refused[index] = ConnectorError(
                Reason.PAYLOAD_MALFORMED, "The event has no data, and an upsert does not delete rows."
            )
        elif None in key:
            refused[index] = ConnectorError(
                Reason.PAYLOAD_MALFORMED, f"The event has no value for the key ({', '.join(layout.conflict)})."
            )
        elif key not in newest or events[newest[key]].version <= event.version:
            newest[key] = index
    if refused:
        raise RecordsRefusedError(refused)
    return sorted(newest.values())


def _refused(encode: Callable[[Event], bytes], events: Sequence[Event]) -> Iterator[tuple[int, ConnectorError]]:
    for index, event in enumerate(events):
        try:
            encode(event)
        except UNENCODABLE as error:
            message = f"A value of the event does not fit its column's type ({type(error).__name__})."
            yield index, ConnectorError(Reason.VALUE_OUT_OF_RANGE, message)
