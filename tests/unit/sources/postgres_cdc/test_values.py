"""What the texts of Postgres mean, and which of them no Avro type can hold."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.postgres_cdc import lsn, values
from sources.postgres_cdc.texts import decoded, split

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_with_a_zone_is_its_microseconds_since_1970(moment: datetime) -> None:
    text = moment.isoformat(sep=" ").replace("+00:00", "+00")
    since = moment - EPOCH

    assert values.timestamptz(text) == (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


@given(st.datetimes())
def test_a_time_without_a_zone_is_its_microseconds_since_1970_there(moment: datetime) -> None:
    since = moment - EPOCH.replace(tzinfo=None)

    assert values.timestamp(moment.isoformat(sep=" ")) == (
        (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    )


@given(st.dates())
def test_a_date_is_its_days_since_1970(day: date) -> None:
    assert values.days(day.isoformat()) == (day - date(1970, 1, 1)).days


@pytest.mark.parametrize("text", ["infinity", "-infinity", "0044-03-15 BC", "10000-01-01", "294276-12-31"])
def test_days_beyond_the_calendar_of_python_have_no_value(text: str) -> None:
    time = text.replace(" BC", " 10:00:00 BC") if "BC" in text else f"{text} 10:00:00" if text[0].isdigit() else text
    zoned = time.replace(" BC", "+00 BC") if "BC" in time else f"{time}+00" if text[0].isdigit() else time

    assert (values.days(text), values.timestamp(time), values.timestamptz(zoned)) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:00:00", 0),
        ("23:59:59.999999", 86_399_999_999),
        ("12:34:56.7", 45_296_700_000),
        ("00:00:00.000001", 1),
        ("24:00:00", None),
    ],
)
def test_a_time_of_day_is_its_microseconds_since_midnight(text: str, expected: int | None) -> None:
    assert values.time(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("-1.50", Decimal("-1.50")), ("NaN", None), ("Infinity", None), ("-Infinity", None)]
)
def test_a_decimal_is_a_number_or_has_no_value(text: str, expected: Decimal | None) -> None:
    assert values.decimal(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", []),
        ("{1,NULL,3}", ["1", None, "3"]),
        ('{"",NULL,"NULL"}', ["", None, "NULL"]),
        (r'{"a\"b","c\\d","{e,f}"}', ['a"b', r"c\d", "{e,f}"]),
        ("{{1,2},{3,4}}", None),
        ("[0:1]={1,2}", None),
    ],
)
def test_an_array_of_one_dimension_is_a_list(text: str, expected: list[str | None] | None) -> None:
    assert values.array(values.same)(text) == expected


def quoted(text: str | None) -> str:
    if text is None:
        return "NULL"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@given(st.lists(st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_every_list_of_texts_is_read_back(texts: list[str | None]) -> None:
    assert values.array(values.same)("{" + ",".join([quoted(text) for text in texts]) + "}") == texts


ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}


def copied(text: str | None) -> str:
    """As COPY writes it."""
    if text is None:
        return r"\N"
    for plain, escaped in ESCAPES.items():
        text = text.replace(plain, escaped)
    return text


CELLS = st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1))
def test_every_row_of_copy_is_read_back(rows: list[list[str | None]]) -> None:
    lines = "".join(["\t".join([copied(cell) for cell in row]) + "\n" for row in rows])

    assert [decoded(row) for row in split(lines.encode())] == rows


@given(st.integers(0, 2**64 - 1))
def test_a_position_is_read_back_as_it_is_written(number: int) -> None:
    assert lsn.parse(lsn.show(number)) == number


def test_a_position_is_written_as_postgres_does() -> None:
    assert lsn.show(0x16B374D848) == "16/B374D848"
