"""Rows 54 to 63: hostile Avro ends in an error with an AVRO_* reason, and costs next to nothing."""

import json
import tracemalloc
from typing import Any

import pytest

from router.api import Action, ConnectorError, Reason
from router.envelope.codec import MAX_VALUE_BYTES, Decoder, Encoder, schema_id
from router.envelope.schema import admit, envelope_schema
from tests.unit.envelope.examples import encoded, envelope

MAX_BYTES = 50_000_000
PLAIN = admit(json.dumps(envelope_schema("attacks.v1", None)))
GOOD = encoded(Encoder(7, PLAIN), envelope())
FINAL_ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"]}


def number(value: int) -> bytes:
    """As Avro writes an integer."""
    rest, out = (value << 1) ^ (value >> 63), b""
    while rest > 0x7F:
        rest, out = rest >> 7, out + bytes([rest & 0x7F | 0x80])
    return out + bytes([rest])


def typed(kind: Any) -> dict[str, Any]:
    """An envelope whose data has one field, of this type."""
    record = {"type": "record", "name": "Row", "fields": [{"name": "x", "type": kind}]}
    return admit(json.dumps(envelope_schema("attacks.v1", record)))


def value(kind: Any, field: bytes) -> tuple[Decoder, bytes]:
    """The decoder, and a value whose field is these bytes."""
    schema = typed(kind)
    head = encoded(Encoder(7, schema), envelope(data=None))
    return Decoder.of(schema), head[:-1] + b"\x02" + field


def refusal(decoder: Decoder, body: bytes) -> Reason:
    """Why it is refused; the process stays small, and the record goes to the dead letters."""
    tracemalloc.start()
    try:
        with pytest.raises(ConnectorError) as raised:
            decoder.decode(body, b"k", 1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MAX_BYTES
    assert raised.value.action is Action.DEAD_LETTER
    return raised.value.reason


def logical(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "logicalType": name, **more}


ARRAY = {"type": "array", "items": "int"}
MAP = {"type": "map", "values": "int"}
DECIMAL = logical("bytes", "decimal", precision=10, scale=2)
TOO_LONG = b"\xff" * 10 + b"\x01"
CASES: tuple[tuple[int, str, Any, bytes, tuple[Reason, ...]], ...] = (
    (56, "nothing", "long", b"", (Reason.AVRO_DECODE,)),
    (56, "half a double", "double", b"\0\0\0", (Reason.AVRO_DECODE,)),
    (56, "half a string", "string", number(9) + b"abc", (Reason.AVRO_DECODE, Reason.AVRO_LIMIT)),
    (57, "trailing bytes", "long", b"\x02\0", (Reason.AVRO_TRAILING,)),
    (57, "a second value", "long", b"\x02\x02\x02\x02", (Reason.AVRO_TRAILING,)),
    (58, "union index -1", ["null", "long"], number(-1) + b"\x02", (Reason.AVRO_DECODE,)),
    (58, "union index 2", ["null", "long"], number(2) + b"\x02", (Reason.AVRO_DECODE,)),
    (58, "union index -1 of three", ["null", "long", "string"], number(-1) + b"\x02", (Reason.AVRO_DECODE,)),
    (58, "enum index -1", FINAL_ENUM, number(-1), (Reason.AVRO_DECODE,)),
    (58, "enum index 2", FINAL_ENUM, number(2), (Reason.AVRO_DECODE,)),
    (58, "a boolean that is 2", "boolean", b"\x02", (Reason.AVRO_DECODE,)),
    (59, "an array of 2^31", ARRAY, number(2**31) + b"\0", (Reason.AVRO_LIMIT,)),
    (
        59,
        "an array of -2^31 and a size",
        ARRAY,
        number(-(2**31)) + number(4) + b"\0",
        (Reason.AVRO_LIMIT, Reason.AVRO_DECODE),
    ),
    (59, "a map of 2^31", MAP, number(2**31) + b"\0", (Reason.AVRO_LIMIT,)),
    (59, "an array of -2^63", ARRAY, number(-(2**63)) + number(4) + b"\0", (Reason.AVRO_LIMIT, Reason.AVRO_DECODE)),
    (60, "a string of 2^40", "string", number(2**40) + b"a", (Reason.AVRO_DECODE, Reason.AVRO_LIMIT)),
    (60, "bytes of 2^40", "bytes", number(2**40) + b"a", (Reason.AVRO_DECODE, Reason.AVRO_LIMIT)),
    (60, "a string of -1", "string", number(-1), (Reason.AVRO_DECODE,)),
    (60, "bytes of -2^63", "bytes", number(-(2**63)), (Reason.AVRO_DECODE,)),
    (60, "a string that is no UTF-8", "string", number(1) + b"\xff", (Reason.AVRO_DECODE,)),
    (62, "eleven bytes of a long", "long", TOO_LONG, (Reason.AVRO_DECODE,)),
    (62, "twenty bytes of a long", "long", b"\x80" * 19 + b"\x01", (Reason.AVRO_DECODE,)),
    (62, "an int of 2^31", "int", number(2**31), (Reason.AVRO_DECODE,)),
    (62, "a length of eleven bytes", "string", TOO_LONG, (Reason.AVRO_DECODE,)),
    (63, "a time beyond the year 9999", logical("long", "timestamp-micros"), number(2**63 - 1), (Reason.AVRO_DECODE,)),
    (63, "a time before the year 1", logical("long", "timestamp-millis"), number(-(2**63)), (Reason.AVRO_DECODE,)),
    (63, "a date beyond the year 9999", logical("int", "date"), number(2**31 - 1), (Reason.AVRO_DECODE,)),
    (63, "a time of day of many days", logical("long", "time-micros"), number(2**62), (Reason.AVRO_DECODE,)),
)


@pytest.mark.parametrize(
    ("row", "name", "kind", "field", "reasons"), CASES, ids=[f"{one[0]}-{one[1]}" for one in CASES]
)
def test_a_hostile_value_is_refused(row: int, name: str, kind: Any, field: bytes, reasons: tuple[Reason, ...]) -> None:
    assert refusal(*value(kind, field)) in reasons


@pytest.mark.parametrize("start", [b"\x01", b"\xff", b"{", b"\x00\x00\x00"])
def test_a_value_with_another_magic_is_refused(start: bytes) -> None:
    """Row 54."""
    with pytest.raises(ConnectorError) as raised:
        schema_id(start + GOOD[len(start) :] if len(start) == 1 else start)

    assert (raised.value.reason, raised.value.action) == (Reason.AVRO_MAGIC, Action.DEAD_LETTER)


def test_a_value_that_is_too_large_is_refused() -> None:
    with pytest.raises(ConnectorError) as raised:
        schema_id(b"\0" * (MAX_VALUE_BYTES + 1))

    assert raised.value.reason is Reason.AVRO_LIMIT


@pytest.mark.parametrize("cut", range(5, len(GOOD)))
def test_a_value_that_is_cut_anywhere_is_refused(cut: int) -> None:
    """Row 56."""
    with pytest.raises(ConnectorError) as raised:
        Decoder.of(PLAIN).decode(GOOD[:cut], b"k", 1)

    assert raised.value.reason in (Reason.AVRO_DECODE, Reason.AVRO_LIMIT)


@pytest.mark.parametrize(
    "kind",
    [
        {"type": "array", "items": "null"},
        {"type": "array", "items": {"type": "record", "name": "Empty", "fields": []}},
        {"type": "array", "items": {"type": "fixed", "name": "None", "size": 0}},
        {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]},
        {"type": "map", "values": {"type": "array", "items": "null"}},
    ],
    ids=["nulls", "empty records", "fixed of 0 bytes", "recursion", "nulls in a map"],
)
def test_a_schema_by_which_few_bytes_become_many_items_is_not_decoded_with(kind: Any) -> None:
    """Rows 59 and 61: five bytes would be millions of items, a few kilobytes a recursion of 100,000."""
    with pytest.raises(ConnectorError) as raised:
        typed(kind)

    assert raised.value.reason is Reason.SCHEMA_REJECTED


def test_a_decimal_of_many_digits_is_decoded_or_refused() -> None:
    """Row 63."""
    assert outcome(*value(DECIMAL, number(100_000) + b"\x7f" * 100_000)) in (
        "event",
        Reason.AVRO_DECODE,
        Reason.AVRO_LIMIT,
    )


def outcome(decoder: Decoder, body: bytes) -> str:
    try:
        decoder.decode(body, b"k", 1)
    except ConnectorError as error:
        return error.reason
    return "event"
