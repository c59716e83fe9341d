"""The walk over an Avro value accepts exactly what a decoder may see."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, Reason
from router.envelope.bounds import check, compile_walk
from router.envelope.codec import Decoder, Encoder, schema_id
from router.envelope.schema import admit, envelope_schema
from tests.unit.envelope.examples import NOW, encoded, envelope

ENVELOPE = admit(json.dumps(envelope_schema("orders.v1", None)))
GOOD = encoded(Encoder(7, ENVELOPE), envelope())


def refused(value: bytes, schema: Any = ENVELOPE, start: int = 5) -> Reason:
    with pytest.raises(ConnectorError) as raised:
        check(compile_walk(schema), value, start)
    return raised.value.reason


def outcome(value: bytes) -> str:
    try:
        Decoder.of(ENVELOPE).decode(value, b"k", 1)
    except ConnectorError as error:
        return error.error_class
    return "event"


def test_what_the_encoder_wrote_is_accepted() -> None:
    check(compile_walk(ENVELOPE), GOOD, 5)


def test_trailing_bytes_are_found() -> None:
    assert refused(GOOD + b"\0") is Reason.AVRO_TRAILING


@pytest.mark.parametrize("cut", range(5, len(GOOD)))
def test_a_value_cut_anywhere_is_refused(cut: int) -> None:
    assert refused(GOOD[:cut]) is Reason.AVRO_DECODE


@pytest.mark.parametrize("index", [b"\x01", b"\x03", b"\x04", b"\x7f", b"\xff\x01"])
def test_a_union_index_outside_is_refused(index: bytes) -> None:
    assert refused(index + b"\x02a", ["null", "string"], 0) is Reason.AVRO_DECODE


@pytest.mark.parametrize("index", [b"\x01", b"\x04", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"])
def test_an_enum_index_outside_is_refused(index: bytes) -> None:
    schema = {"type": "enum", "name": "E", "symbols": ["A", "B"]}

    assert refused(index, schema, 0) is Reason.AVRO_DECODE


def test_an_array_cannot_claim_more_items_than_bytes() -> None:
    assert refused(b"\xfe\xff\xff\xff\x0f\0", {"type": "array", "items": "int"}, 0) is Reason.AVRO_LIMIT


def test_a_length_cannot_be_negative_or_huge() -> None:
    assert refused(b"\x01", "string", 0) is Reason.AVRO_DECODE
    assert refused(b"\x80\x80\x80\x80\x80\x40", "string", 0) is Reason.AVRO_DECODE


def test_a_number_longer_than_64_bits_is_refused() -> None:
    assert refused(b"\xff" * 19 + b"\x01", "long", 0) is Reason.AVRO_DECODE
    assert refused(b"\xff" * 9 + b"\x7f", "long", 0) is Reason.AVRO_DECODE


def test_an_array_in_several_blocks_is_accepted() -> None:
    check(compile_walk({"type": "array", "items": "int"}), b"\x02\x02\x01\x02\x04\x00", 0)


@given(st.binary(max_size=300))
def test_any_bytes_end_in_an_event_or_a_contract_error(body: bytes) -> None:
    assert outcome(b"\0\0\0\0\x07" + body) in ("event", "CONTRACT")


@given(st.integers(min_value=5, max_value=len(GOOD) - 1), st.integers(min_value=0, max_value=255))
def test_any_changed_byte_ends_in_an_event_or_a_contract_error(at: int, byte: int) -> None:
    value = GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]

    assert outcome(value) in ("event", "CONTRACT")


@given(st.binary(max_size=2_000), st.text(max_size=50), st.none() | st.text(max_size=50))
def test_what_is_encoded_is_decoded_byte_exact(data: bytes, event_id: str, subject: str | None) -> None:
    value = encoded(Encoder(7, ENVELOPE), envelope(data=data, id=event_id, subject=subject))

    event = Decoder.of(ENVELOPE).decode(value, b"k", 3)

    assert (event.data, event.id, event.subject, event.time, event.version) == (data, event_id, subject, NOW, 3)


@pytest.mark.parametrize("value", [None, b"", b"\0\0\0\0", b"\x01\0\0\0\x07abc"])
def test_a_value_without_the_prefix_is_refused(value: bytes | None) -> None:
    with pytest.raises(ConnectorError) as raised:
        schema_id(value)

    assert raised.value.reason is Reason.AVRO_MAGIC
