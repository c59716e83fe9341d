"""Values of a cursor: read from records and checkpoints, compared, and written into requests."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from router.api import ConnectorError, Reason
from sources.http_poll.cursor_config import Cursor, NoCursor, NumberCursor, TimeCursor
from sources.http_poll.exact_json import plain_text
from sources.http_poll.selector import Selector

Value = datetime | Decimal
_NUMBER = re.compile(r"-?\d{1,19}(\.\d{1,18})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CursorField:
    """The cursor of one stream. A stream without one finds no values and asks with no parameters."""

    def __init__(self, stream: str, config: Cursor) -> None:
        self._stream = stream
        self._config = config
        self._selector = None if isinstance(config, NoCursor) else Selector(config.selector)
        self.exists = self._selector is not None
        self.is_ordered = not isinstance(config, NoCursor) and config.ordered

    def raw(self, record: Any) -> Any:
        """The value in the record, as it is there."""
        return None if self._selector is None else self._selector.find(record)

    def of(self, record: Any) -> Value | None:
        """The value in the record; None without a cursor. Raises ConnectorError (PAYLOAD_MALFORMED)."""
        if self._selector is None:
            return None
        text = plain_text(self.raw(record))
        value = None if text is None else self._parsed(text)
        if value is None:
            message = f"Stream {self._stream}: a record has no cursor value, or not one of its kind."
            raise ConnectorError(Reason.PAYLOAD_MALFORMED, message, fix="See the stream's `cursor.selector`.")
        return value

    def read(self, text: str) -> Value:
        """The value of a checkpoint or a window. Raises ConnectorError (CONFIG_INVALID)."""
        value = self._parsed(text)
        if value is None:
            kind = "number" if isinstance(self._config, NumberCursor) else "time"
            raise ConnectorError(Reason.CONFIG_INVALID, f"Stream {self._stream}: a bound or checkpoint is no {kind}.")
        return value

    def low(self, cursor: Value | None) -> Value | None:
        """Where a run begins to read: a little before the newest value that was read, or where the first one begins."""
        config = self._config
        try:
            if isinstance(config, TimeCursor) and isinstance(cursor, datetime):
                return cursor - timedelta(seconds=config.lookback_seconds)
        except OverflowError:
            return None
        if isinstance(config, NumberCursor) and isinstance(cursor, Decimal):
            return cursor - config.lookback
        if isinstance(config, TimeCursor) and config.start is not None:
            return _in_utc(config.start)
        return Decimal(config.start) if isinstance(config, NumberCursor) and config.start is not None else None

    def parameters(self, low: Value | None, end: Value | None) -> Mapping[str, str | int]:
        """What asks for the values between; nothing where the API has no parameter for it."""
        config = self._config
        if isinstance(config, NoCursor):
            return {}
        params: dict[str, str | int] = {}
        if low is not None and config.param is not None:
            params[config.param] = self._written(low)
        if end is not None and config.until_param is not None:
            params[config.until_param] = self._written(end)
        return params

    def _parsed(self, text: str) -> Value | None:
        if _NUMBER.fullmatch(text):
            number = Decimal(text)
            return number if isinstance(self._config, NumberCursor) else self._moment(number)
        if isinstance(self._config, NumberCursor):
            return None
        try:
            return _in_utc(datetime.fromisoformat(text))
        except (ValueError, OverflowError):
            return None

    def _moment(self, number: Decimal) -> datetime | None:
        divisor = 1000 if isinstance(self._config, TimeCursor) and self._config.format == "epoch_millis" else 1
        try:
            return _EPOCH + timedelta(microseconds=int(number * 1_000_000 / divisor))
        except (OverflowError, InvalidOperation):
            return None

    def _written(self, value: Value) -> str | int:
        if isinstance(value, Decimal):
            return int(value) if value == value.to_integral_value() else str(value)
        layout = self._config.format if isinstance(self._config, TimeCursor) else "iso8601"
        if layout == "iso8601":
            return value_text(value)
        # Rounded down: reading a record twice does no harm.
        microseconds = (value - _EPOCH) // timedelta(microseconds=1)
        return microseconds // (1_000_000 if layout == "epoch_seconds" else 1000)


def value_text(value: Value) -> str:
    """The value as checkpoints have it."""
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat(timespec="microseconds" if value.microsecond else "seconds").replace("+00:00", "Z")


def is_before(one: Value, other: Value) -> bool:
    """Whether the one comes before the other; both are of the same cursor."""
    if isinstance(one, datetime):
        return isinstance(other, datetime) and one < other
    return isinstance(other, Decimal) and one < other


def latest(one: Value | None, other: Value | None) -> Value | None:
    """The greater of both."""
    if one is None or other is None:
        return one if other is None else other
    return other if is_before(one, other) else one


def _in_utc(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
