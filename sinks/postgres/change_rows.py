"""Turns the changes of a batch into at most one row per key: what is to become of it in the end."""

from collections.abc import Mapping, Sequence

from router.api import ConnectorError, Event, Reason, RecordsRefusedError
from sinks.postgres.change_layout import Change, ChangeLayout
from sinks.postgres.rows import UNENCODABLE, Rows

DELETE, TRUNCATE = "d", "t"
EVERY_KEY = ""


class Changes:
    """The last change of each key, and of the whole table, by the origin's log rather than by the order of arrival."""

    def __init__(self) -> None:
        self._pending: dict[str, tuple[int, Change]] = {}
        self._truncated: tuple[int, Change] | None = None

    def add(self, number: int, event: Event) -> None:
        """Take the next event of the batch. Raises ConnectorError (PAYLOAD_MALFORMED), KeyError, TypeError."""
        data = event.data
        if not isinstance(data, Mapping):
            raise ConnectorError(Reason.PAYLOAD_MALFORMED, "The event has no data, so that it is no change.")
        op, position, key = data["op"], data["position"], event.subject
        lsn, index = position["lsn"], position["index"]
        if op == TRUNCATE:
            self._truncate(number, Change(op, EVERY_KEY, lsn, index, {}, (), {}))
            return
        row = data["before" if op == DELETE else "after"]
        if key is None or row is None:
            raise ConnectorError(Reason.PAYLOAD_MALFORMED, "The change has no key or no row.")
        change = Change(op, key, lsn, index, row, data["unchanged"], data["texts"])
        if self._truncated is not None and (lsn, index) < self._truncated[1][2:4]:
            return
        known = self._pending.get(key)
        if known is None:
            self._pending[key] = number, change
        elif (lsn, index) > known[1][2:4]:
            self._pending[key] = number, _after(known[1], change) if change.unchanged else change

    def last(self) -> list[tuple[int, Change]]:
        """The changes to be merged, each with the number of its event."""
        whole = [] if self._truncated is None else [self._truncated]
        return [*whole, *self._pending.values()]

    def _truncate(self, number: int, change: Change) -> None:
        if self._truncated is None or self._truncated[1][2:4] < change[2:4]:
            self._truncated = number, change
            self._pending = {key: kept for key, kept in self._pending.items() if kept[1][2:4] > change[2:4]}


def change_rows(layout: ChangeLayout, events: Sequence[Event]) -> tuple[Rows, bool]:
    """The rows of a batch, and whether any of them is more than values: unchanged ones, texts, or a truncation.

    Raises RecordsRefusedError for the events that no row can be made of.
    """
    changes = Changes()
    refused: dict[int, ConnectorError] = {}
    for number, event in enumerate(events):
        try:
            changes.add(number, event)
        except ConnectorError as error:
            refused[number] = error
        except (KeyError, TypeError):
            refused[number] = ConnectorError(Reason.PAYLOAD_MALFORMED, "The event's data is no change.")
    encoded, numbers, is_rich = [], [], False
    for number, change in changes.last():
        try:
            encoded.append(layout.row(change))
        except UNENCODABLE as error:
            message = f"A value of the change does not fit its column's type ({type(error).__name__})."
            refused[number] = ConnectorError(Reason.VALUE_OUT_OF_RANGE, message)
        numbers.append(number)
        is_rich = is_rich or bool(change.unchanged or change.texts) or change.op == TRUNCATE
    if refused:
        raise RecordsRefusedError(refused)
    return Rows(encoded, numbers), is_rich


def _after(earlier: Change, later: Change) -> Change:
    """The later change, with the values that it leaves unchanged taken from the earlier one."""
    if earlier.op == DELETE:
        return later
    kept = [name for name in later.unchanged if name not in earlier.unchanged]
    return later._replace(
        row={**later.row, **{name: earlier.row[name] for name in kept}},
        unchanged=[name for name in later.unchanged if name in earlier.unchanged],
        texts={**later.texts, **{name: earlier.texts[name] for name in kept if name in earlier.texts}},
    )
