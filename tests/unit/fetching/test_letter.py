"""What a dead letter keeps of a record that cannot be encoded."""

import json
from datetime import UTC, datetime
from typing import Any

from router.api import ConnectorError, Reason, Record
from router.api import reasons as names
from router.delivery.dead_letter import header_values
from router.fetching.letter import MAX_BODY_BYTES, Letters, body

LETTERS = Letters("shop.orders.dlq", "orders", "/shop/orders", "1.2", 0)
ERROR = ConnectorError(Reason.ENCODE_FAILED, "It does not fit.")


def record(data: Any, **attributes: Any) -> Record:
    return Record(**{"id": "1", "type": "order.paid", "data": data} | attributes)


def test_bytes_are_kept_as_they_are() -> None:
    assert body(record(b"\xff\x00")) == b"\xff\x00"


def test_other_data_is_kept_as_json_as_far_as_json_goes() -> None:
    data = {"at": datetime(2026, 11, 23, tzinfo=UTC), "raw": b"\xffx", "huge": 1 << 80, ("odd",): 1, "odd": object}

    told = json.loads(body(record(data, subject="\ud800")))

    assert told["data"]["at"] == "2026-11-23 00:00:00+00:00"
    assert told["data"]["raw"] == "\\xffx"
    assert told["data"]["huge"] == 1 << 80
    assert told["subject"] == "\ud800"


def test_data_that_contains_itself_leaves_what_identifies_the_record() -> None:
    data: dict[str, Any] = {}
    data["self"] = data

    assert json.loads(body(record(data))) == {"id": "1", "type": "order.paid"}


def test_a_letter_is_never_larger_than_a_megabyte() -> None:
    assert len(body(record(b"x" * (MAX_BODY_BYTES + 1)))) == MAX_BODY_BYTES
    assert len(body(record({"text": "x" * MAX_BODY_BYTES}))) == MAX_BODY_BYTES


def test_a_letter_says_why_and_where_from_in_the_headers_of_every_dead_letter() -> None:
    letter = LETTERS.letter(record({}, traceparent="00-1-2-00"), "orders.v1", b"k", ERROR)

    headers = header_values(letter.headers)
    assert (letter.topic, letter.key) == ("shop.orders.dlq", b"k")
    assert headers[names.HEADER_REASON] == "ENCODE_FAILED"
    assert headers[names.HEADER_CLASS] == "CONTRACT"
    assert headers[names.HEADER_CONNECTOR] == headers[names.CONNECT_CONNECTOR_NAME] == "orders"
    assert headers[names.HEADER_TOPIC] == "orders.v1"
    assert headers[names.HEADER_TRACE] == "00-1-2-00"
    assert headers[names.CONNECT_STAGE] == "encode"
    assert headers["ce_source"] == "/shop/orders"


def test_a_letter_can_be_written_for_attributes_that_no_header_could_hold() -> None:
    letter = LETTERS.letter(record(None, id="\ud800", subject=7), "orders.v1", b"k", ERROR)

    assert header_values(letter.headers)["ce_id"] == "\\ud800"
