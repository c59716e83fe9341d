from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from router.api import ConnectorError, Reason
from sources.http_poll.cursor import CursorField, Value, value_text
from sources.http_poll.cursor_config import NumberCursor, TimeCursor
from sources.http_poll.exact_json import parse

MOMENT = datetime(2026, 1, 1, 10, 0, 0, 123456, tzinfo=UTC)


def times(**changes: Any) -> CursorField:
    settings = {"kind": "time", "selector": "at", "param": "since", "lookback_seconds": 0}
    return CursorField("some", TimeCursor.model_validate(settings | changes))


def counts(**changes: Any) -> CursorField:
    return CursorField(
        "some", NumberCursor.model_validate({"kind": "number", "selector": "at", "param": "since"} | changes)
    )


@pytest.mark.parametrize(
    ("layout", "written", "asked"),
    [
        ("iso8601", '"2026-01-01T12:00:00.123456+02:00"', "2026-01-01T10:00:00.123456Z"),
        ("iso8601", '"2026-01-01T10:00:00.123456999Z"', "2026-01-01T10:00:00.123456Z"),
        ("epoch_seconds", "1767261600.123456", 1767261600),
        ("epoch_millis", "1767261600123.456", 1767261600123),
    ],
)
def test_times_are_read_and_asked_for_in_the_api_s_format_and_never_later(
    layout: str, written: str, asked: Any
) -> None:
    cursor = times(format=layout)

    value = cursor.of({"at": parse(written.encode())})

    assert value == MOMENT
    assert cursor.parameters(value, None) == {"since": asked}
    assert cursor.read(value_text(MOMENT)) == MOMENT


@pytest.mark.parametrize(
    ("cursor", "value", "low"),
    [
        (times(lookback_seconds=60), datetime(2026, 1, 1, 10, 1, tzinfo=UTC), datetime(2026, 1, 1, 10, tzinfo=UTC)),
        (times(lookback_seconds=60), datetime.min.replace(tzinfo=UTC), None),
        (times(start="2026-01-01"), None, datetime(2026, 1, 1, tzinfo=UTC)),
        (times(), None, None),
        (counts(lookback=3), Decimal(10), Decimal(7)),
        (counts(start=5), None, Decimal(5)),
    ],
)
def test_a_run_begins_a_little_before_what_was_read(
    cursor: CursorField, value: Value | None, low: Value | None
) -> None:
    assert cursor.low(value) == low


@pytest.mark.parametrize("at", ["null", '""', '"x"', "{}", "true", '"2026-13-01"'])
def test_a_value_that_is_none_is_refused(at: str) -> None:
    with pytest.raises(ConnectorError) as caught:
        times().of({"at": parse(at.encode())})

    assert caught.value.reason is Reason.PAYLOAD_MALFORMED


def test_large_numbers_are_compared_and_asked_for_exactly() -> None:
    value = counts().of({"at": parse(b"9007199254740993")})

    assert counts().parameters(value, None) == {"since": 9007199254740993}
