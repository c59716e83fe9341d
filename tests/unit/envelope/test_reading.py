"""What is made for a schema reads what fastavro writes, and refuses what is no value of it."""

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, Reason
from router.envelope.codec import Decoder, Encoder
from router.envelope.reading import UnsupportedTypeError, compile_read
from router.envelope.schema import admit, envelope_schema
from tests.unit.envelope.examples import encoded, envelope

MOMENTS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
FIELDS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "flag": ("boolean", st.booleans()),
    "small": ("int", st.integers(-(2**31), 2**31 - 1)),
    "large": ("long", st.integers(-(2**63), 2**63 - 1)),
    "single": ("float", st.floats(width=32, allow_nan=False)),
    "double": ("double", st.floats(allow_nan=False)),
    "raw": ("bytes", st.binary(max_size=300)),
    "text": ("string", st.text(max_size=300)),
    "at": ({"type": "long", "logicalType": "timestamp-micros"}, MOMENTS),
    "rough": (
        {"type": "long", "logicalType": "timestamp-millis"},
        MOMENTS.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)),
    ),
    "day": ({"type": "int", "logicalType": "date"}, st.dates(min_value=date(1, 1, 1))),
    "inner": (
        {"type": "record", "name": "Inner", "fields": [{"name": "x", "type": "string"}]},
        st.fixed_dictionaries({"x": st.text(max_size=10)}),
    ),
}
ROW = {
    "type": "record",
    "name": "Row",
    "fields": [
        field
        for name, (kind, _) in FIELDS.items()
        for field in (
            {"name": name, "type": kind},
            {"name": f"maybe_{name}", "type": ["null", "Inner" if name == "inner" else kind]},
        )
    ],
}
# A type that is named a second time is no reason to read it otherwise, but no function is made for references.
ROW["fields"] = [field for field in ROW["fields"] if field["type"] != ["null", "Inner"]]  # type: ignore[index]
ROWS = st.fixed_dictionaries(
    {
        name: values
        for key, (_, strategy) in FIELDS.items()
        for name, values in ((key, strategy), (f"maybe_{key}", st.none() | strategy))
        if name != "maybe_inner"
    }
)
PARSED: Any = fastavro.parse_schema(ROW)
ENVELOPE = admit(json.dumps(envelope_schema("rows.v1", ROW)))


def written(row: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, PARSED, row)
    return buffer.getvalue()


@given(ROWS)
def test_what_fastavro_writes_is_read(row: dict[str, Any]) -> None:
    value = written(row)

    assert compile_read(ROW)(b"xx" + value, 2) == (
        fastavro.schemaless_reader(io.BytesIO(value), PARSED, None),
        len(value) + 2,
    )


@given(ROWS, st.data())
def test_a_changed_byte_ends_in_an_event_or_a_contract_error(row: dict[str, Any], data: st.DataObject) -> None:
    good = encoded(Encoder(7, ENVELOPE), envelope(data=row))
    at = data.draw(st.integers(5, len(good) - 1))
    value = good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at + 1 :]

    try:
        Decoder.of(ENVELOPE).decode(value, b"k", 1)
    except ConnectorError as error:
        assert error.error_class == "CONTRACT"  # noqa: PT017  an event is as good


@given(ROWS, st.data())
def test_a_value_cut_anywhere_is_refused(row: dict[str, Any], data: st.DataObject) -> None:
    good = encoded(Encoder(7, ENVELOPE), envelope(data=row))

    with pytest.raises(ConnectorError) as raised:
        Decoder.of(ENVELOPE).decode(good[: data.draw(st.integers(5, len(good) - 1))], b"k", 1)

    assert raised.value.reason is Reason.AVRO_DECODE


@pytest.mark.parametrize(
    ("schema", "value"),
    [("boolean", b"\x02"), ("int", b"\x80\x80\x80\x80\x10"), ("string", b"\x01"), (["null", "long"], b"\x04\x02")],
)
def test_what_is_no_value_of_the_schema_is_refused(schema: Any, value: bytes) -> None:
    with pytest.raises(ConnectorError) as raised:
        compile_read(schema)(value, 0)

    assert raised.value.reason is Reason.AVRO_DECODE


@pytest.mark.parametrize("kind", [{"type": "array", "items": "long"}, {"type": "map", "values": "string"}])
def test_other_types_are_left_to_fastavro(kind: dict[str, str]) -> None:
    schema = {"type": "record", "name": "Other", "fields": [{"name": "many", "type": kind}]}
    content = {"many": [1, 2] if kind["type"] == "array" else {"a": "b"}}
    admitted = admit(json.dumps(envelope_schema("others.v1", schema)))

    with pytest.raises(UnsupportedTypeError):
        compile_read(schema)
    assert Decoder.of(admitted).decode(encoded(Encoder(7, admitted), envelope(data=content)), b"k", 1).data == content
