"""What is made for a schema writes what fastavro writes."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.envelope.writing import compile_write

MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(max_size=300)
FIELDS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "flag": ("boolean", st.booleans()),
    "small": ("int", st.integers(-(2**31), 2**31 - 1)),
    "large": ("long", st.integers(-(2**63), 2**63 - 1)),
    "single": ("float", st.floats(width=32)),
    "double": ("double", st.floats()),
    "raw": ("bytes", st.binary(max_size=300)),
    "text": ("string", TEXTS),
    "at": ({"type": "long", "logicalType": "timestamp-micros"}, MOMENTS | st.integers(-(2**63), 2**63 - 1)),
    "rough": (
        {"type": "long", "logicalType": "timestamp-millis"},
        MOMENTS.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)),
    ),
    "local": ({"type": "long", "logicalType": "local-timestamp-micros"}, st.datetimes()),
    "day": ({"type": "int", "logicalType": "date"}, st.dates() | st.integers(-1000, 1000)),
    "clock": ({"type": "long", "logicalType": "time-micros"}, st.times() | st.integers(0, 86_400_000_000)),
    "price": (
        {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 3},
        st.decimals(-(10**8), 10**8, places=3),
    ),
    "who": ({"type": "string", "logicalType": "uuid"}, st.uuids() | st.uuids().map(str)),
    "many": (
        {"type": "array", "items": ["null", "long"]},
        st.lists(st.none() | st.integers(-100, 10_000), max_size=200),
    ),
    "named": ({"type": "map", "values": "string"}, st.dictionaries(TEXTS, TEXTS, max_size=5)),
}
INNER = {"type": "record", "name": "Inner", "fields": [{"name": "x", "type": "string"}]}
ROW = {
    "type": "record",
    "name": "Row",
    "namespace": "a.b",
    "fields": [
        *[
            field
            for name, (kind, _) in FIELDS.items()
            for field in (
                {"name": name, "type": kind},
                {"name": f"maybe_{name}", "type": ["null", kind], "default": None},
            )
        ],
        {"name": "before", "type": ["null", INNER], "default": None},
        {"name": "after", "type": ["null", "Inner"], "default": None},
        {"name": "missing", "type": "string", "default": "there"},
    ],
}
ROWS = st.fixed_dictionaries(
    {name: strategy for name, (_, strategy) in FIELDS.items()},
    optional={
        **{f"maybe_{name}": st.none() | strategy for name, (_, strategy) in FIELDS.items()},
        "before": st.none() | st.fixed_dictionaries({"x": TEXTS}),
        "after": st.none() | st.fixed_dictionaries({"x": TEXTS}),
        "extra": st.integers(),
    },
)
PARSED: Any = fastavro.parse_schema(ROW)
WRITE = compile_write(ROW)


def written(row: dict[str, Any]) -> bytes:
    out = bytearray()
    WRITE(row, out)
    return bytes(out)


@given(ROWS)
def test_fastavro_reads_the_same_as_from_what_it_writes_itself(row: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, PARSED, row)

    ours, theirs = written(row), buffer.getvalue()
    a, b = Raw.read(ours), Raw.read(theirs)
    assert repr(a) == repr(b)


class Raw:
    """Reads without logical types, so that integers beyond the calendar can be compared."""

    SCHEMA: Any = None

    @staticmethod
    def plain(schema: Any) -> Any:
        if isinstance(schema, list):
            return [Raw.plain(branch) for branch in schema]
        if isinstance(schema, dict):
            return {key: Raw.plain(value) for key, value in schema.items() if key != "logicalType"}
        return schema

    @staticmethod
    def read(value: bytes) -> Any:
        parsed = fastavro.parse_schema(Raw.plain(ROW))
        buffer = io.BytesIO(value)
        found: Any = fastavro.schemaless_reader(buffer, parsed, None)
        assert buffer.read() == b""
        # fastavro writes some decimals with a byte more than they need, which is the same number.
        for name in ("price", "maybe_price"):
            if found[name] is not None:
                found[name] = int.from_bytes(found[name], "big", signed=True)
        return found


WRONG: list[tuple[Any, Any]] = [
    ("int", 2**31),
    ("int", True),
    ("int", "1"),
    ("int", 1.5),
    ("long", -(2**63) - 1),
    ("boolean", 1),
    ("bytes", "text"),
    ("bytes", [1, 2]),
    ("string", b"bytes"),
    ("string", None),
    (["null", "long"], "1"),
    ({"type": "array", "items": "long"}, "12"),
    ({"type": "map", "values": "long"}, [1]),
    ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, Decimal("1.234")),
    ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, Decimal(100)),
    ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, Decimal("NaN")),
    ({"type": "long", "logicalType": "timestamp-micros"}, datetime(2026, 1, 1)),  # noqa: DTZ001
    ({"type": "record", "name": "R", "fields": [{"name": "x", "type": "long"}]}, {}),
]


@pytest.mark.parametrize(("schema", "value"), WRONG)
def test_what_does_not_fit_is_refused(schema: Any, value: Any) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError, AttributeError, KeyError, ArithmeticError)):
        compile_write(schema)(value, bytearray())
