"""The attributes' own codec writes and reads what fastavro does."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, Reason
from router.envelope import attributes
from router.envelope.codec import Decoder, Encoder
from router.envelope.schema import admit, envelope_schema
from router.envelope.varint import write_long
from tests.unit.envelope.examples import encoded, envelope

ENVELOPE = admit(json.dumps(envelope_schema("orders.v1", None)))
ORACLE: Any = fastavro.parse_schema(ENVELOPE)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

TEXT = st.text(max_size=80) | st.integers(60, 70).map("x".__mul__) | st.integers(8_188, 8_196).map("y".__mul__)
MICROS = st.integers(-(10**15), 10**16)
VALUES = {"string": TEXT, "long": MICROS}
ENVELOPES = st.fixed_dictionaries(
    {
        name: VALUES[kind] if isinstance(kind, str) else st.none() | VALUES[kind[1]]
        for name, kind in attributes.FIELDS.items()
    }
)


@given(ENVELOPES, st.none() | st.binary(max_size=200))
def test_the_bytes_are_those_of_fastavro(fields: dict[str, Any], data: bytes | None) -> None:
    expected = io.BytesIO()
    times = {
        name: EPOCH + timedelta(microseconds=fields[name])
        for name in ("time", "ingested_at")
        if fields[name] is not None
    }
    fastavro.schemaless_writer(expected, ORACLE, {**fields, **times, "data": data})

    assert encoded(Encoder(7, ENVELOPE), {**fields, "data": data}) == b"\0\0\0\0\x07" + expected.getvalue()


@given(ENVELOPES, st.none() | st.binary(max_size=200))
def test_what_fastavro_writes_is_read(fields: dict[str, Any], data: bytes | None) -> None:
    value = encoded(Encoder(7, ENVELOPE), {**fields, "data": data})

    event = Decoder.of(ENVELOPE).decode(value, b"key", 1)

    read = fastavro.schemaless_reader(io.BytesIO(value[5:]), ORACLE, None)
    assert {name: getattr(event, name) for name in [*attributes.FIELDS, "data"]} == read


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_number_of_64_bits_is_written(number: int) -> None:
    expected = io.BytesIO()
    fastavro.schemaless_writer(expected, "long", number)

    assert write_long(number) == expected.getvalue()


@pytest.mark.parametrize("changes", [{"id": None}, {"id": 1}, {"time": "now"}, {"subject": 1}, {"data": "text"}])
def test_a_value_of_another_type_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConnectorError) as raised:
        encoded(Encoder(7, ENVELOPE), envelope(**changes))

    assert raised.value.reason is Reason.ENCODE_FAILED
