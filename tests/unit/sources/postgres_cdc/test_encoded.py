"""A row that is written straight to Avro says what the same row says that was read into values first."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import Encoded
from router.envelope.codec import Encoder
from router.envelope.schema import envelope_schema
from sources.postgres_cdc.kinds import PgType
from sources.postgres_cdc.records import Reader
from sources.postgres_cdc.relation import Relation, Relations
from tests.unit.envelope.examples import encoded, envelope

NUMERIC_12_2 = ((12 << 16) | 2) + 4
NUMERIC_4_0 = (4 << 16) + 4
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001  as Postgres writes them
KINDS: dict[str, tuple[PgType, st.SearchStrategy[str]]] = {
    "id": (PgType(20, -1, "bigint", "bigint"), st.integers(-(2**63), 2**63 - 1).map(str)),
    "small": (PgType(23, -1, "integer", "integer"), st.integers(-(2**31), 2**31 - 1).map(str)),
    "flag": (PgType(16, -1, "boolean", "boolean"), st.sampled_from(["t", "f"])),
    "name": (PgType(25, -1, "text", "text"), NAMES | st.integers(8_190, 8_194).map("x".__mul__)),
    "single": (PgType(700, -1, "real", "real"), st.sampled_from(["0", "-1.5", "3.4028235e+38", "Infinity", "NaN"])),
    "double": (PgType(701, -1, "double precision", "double precision"), st.floats(allow_nan=False).map(str)),
    "raw": (PgType(17, -1, "bytea", "bytea"), st.binary(max_size=40).map(lambda raw: rf"\x{raw.hex()}")),
    "price": (
        PgType(1700, NUMERIC_12_2, "numeric(12,2)", "numeric(12,2)"),
        st.decimals(-(10**9), 10**9, places=2).map(str) | st.just("NaN"),
    ),
    "count": (PgType(1700, NUMERIC_4_0, "numeric(4,0)", "numeric(4,0)"), st.integers(-9_999, 9_999).map(str)),
    "day": (PgType(1082, -1, "date", "date"), st.dates().map(str) | st.sampled_from(["infinity", "0044-03-15 BC"])),
    "hour": (PgType(1083, -1, "time", "time"), st.times().map(str) | st.just("24:00:00")),
    "local": (PgType(1114, -1, "timestamp", "timestamp"), MOMENTS.map(str) | st.just("infinity")),
    "at": (PgType(1184, -1, "timestamptz", "timestamptz"), MOMENTS.map("{}+00".format) | st.just("-infinity")),
    "who": (PgType(2950, -1, "uuid", "uuid"), st.uuids().map(str)),
}
ROWS = st.fixed_dictionaries({name: st.none() | texts for name, (_, texts) in KINDS.items()})


def relation(names: list[str], key: tuple[str, ...]) -> Relation:
    return Relations().get("public", "t", [(name, KINDS[name][0]) for name in names], key)


def both(table: Relation, texts: list[bytes | None]) -> tuple[bytes, bytes]:
    """The envelope's bytes from the row as the reader gives it, and from its mapping."""
    (record,) = Reader(table, "slot", 2**40, datetime.now(UTC)).records([texts])
    assert record.schema is not None
    encoder = Encoder(1, envelope_schema("t.v1", record.schema.avro))
    data: Any = record.data
    return encoded(encoder, envelope(data=data)), encoded(encoder, envelope(data=dict(data)))


@given(ROWS)
def test_a_row_is_the_same_written_directly_or_read_first(row: dict[str, str | None]) -> None:
    table = relation(list(row), ("id",))
    texts = [None if text is None else text.encode() for text in row.values()]

    direct, read = both(table, texts)

    assert direct == read


@given(st.integers(-(2**63), 2**63 - 1), NAMES)
def test_a_key_is_the_same_written_directly_or_read_first(number: int, name: str) -> None:
    table = relation(["name", "id"], ("id", "name"))
    texts: list[bytes | None] = [name.encode(), str(number).encode()]

    assert table.encode_row is not None
    row = table.encode_row(texts)

    assert row is not None
    assert row[1] == table.read_line([name, str(number)])[2]


@pytest.mark.parametrize("name", ["price", "day", "hour", "local", "at"])
def test_what_a_type_cannot_hold_is_read_and_kept_as_text(name: str) -> None:
    unfit = {"price": "NaN", "day": "infinity", "hour": "24:00:00", "local": "infinity", "at": "-infinity"}[name]
    table = relation(["id", name], ("id",))

    (record,) = Reader(table, "slot", 0, datetime.now(UTC)).records([[b"1", unfit.encode()]])

    assert not isinstance(record.data, Encoded)
    assert isinstance(record.data, dict)
    assert record.data["texts"] == {name: unfit}


def test_a_row_with_an_array_is_read() -> None:
    kind = PgType(1007, -1, "integer[]", "integer[]", PgType(23, -1, "integer", "integer"))
    table = Relations().get("public", "t", [("id", KINDS["id"][0]), ("many", kind)], ("id",))

    (record,) = Reader(table, "slot", 0, datetime.now(UTC)).records([[b"1", b"{1,NULL}"]])

    assert record.data is not None
    assert not isinstance(record.data, bytes)
    assert record.data["after"] == {"id": 1, "many": [1, None]}
