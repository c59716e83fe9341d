"""How an item of an answer becomes a record, with an id that is the same however often it is read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from router.api import ConnectorError, Reason, Record
from sources.http_poll.client import Page
from sources.http_poll.config import StreamConfig
from sources.http_poll.cursor import CursorField, Value
from sources.http_poll.exact_json import digest, plain_text, to_bytes
from sources.http_poll.selector import Selector


class Item(NamedTuple):
    """A record, and its cursor's value."""

    record: Record
    value: Value | None


class Items:
    """Makes the records of one stream."""

    def __init__(self, name: str, config: StreamConfig, cursor: CursorField) -> None:
        self._name = name
        self._cursor = cursor
        self._type = config.type or name
        self._version = config.versioned_by
        self._records = Selector(config.records)
        self._id = _selector(config.id)
        self._subject = _selector(config.subject)
        self._time = _selector(config.time)

    def of(self, page: Page) -> Sequence[Item]:
        """The records of a page. Raises ConnectorError (PAYLOAD_MALFORMED)."""
        found = self._records.find(page.document)
        if not isinstance(found, list):
            raise self._malformed("`records` finds no array in the answer", "See the stream's `records`.")
        try:
            return [self._item(each) for each in found]
        except ValueError as error:
            raise self._malformed(f"a record is {error}", None) from None

    def _item(self, item: Any) -> Item:
        data = to_bytes(item)
        value = self._cursor.of(item)
        own_id = None if self._id is None else plain_text(self._id.find(item))
        if self._id is not None and own_id is None:
            raise self._malformed("a record has no id, or one that is no text or number", "See the stream's `id`.")
        record_id = (
            f"{self._name}/{digest(data)}" if own_id is None else f"{self._name}/{own_id}{self._suffix(item, data)}"
        )
        subject = own_id if self._subject is None else plain_text(self._subject.find(item))
        moment = value if isinstance(value, datetime) and self._time is None else self._moment(item)
        return Item(Record(record_id, self._type, data, moment, subject, "application/json"), value)

    def _suffix(self, item: Any, data: bytes) -> str:
        if self._version == "none":
            return ""
        return f"@{digest(data) if self._version == 'content' else plain_text(self._cursor.raw(item))}"

    def _moment(self, item: Any) -> datetime | None:
        text = None if self._time is None else plain_text(self._time.find(item))
        if text is None:
            return None
        try:
            moment = datetime.fromtimestamp(float(text), UTC) if _is_number(text) else datetime.fromisoformat(text)
        except (ValueError, OverflowError, OSError):
            raise self._malformed("a record's time is none", "See the stream's `time`.") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _malformed(self, message: str, fix: str | None) -> ConnectorError:
        return ConnectorError(Reason.PAYLOAD_MALFORMED, f"Stream {self._name}: {message}.", fix=fix)


def _selector(expression: str | None) -> Selector | None:
    return None if expression is None else Selector(expression)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit() and "-" not in text
