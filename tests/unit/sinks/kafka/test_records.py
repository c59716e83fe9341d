"""An event as a record."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.api import Event, Reason, RecordsRefusedError
from sinks.kafka.limits import Limits
from sinks.kafka.records import Format, Outgoing, records
from tests.unit.sinks.examples import NOW, event

MEBIBYTE = 1_048_576


def made(one: Event, form: Format = "data", kept_ms: int | None = None) -> Outgoing:
    return records([one], form, Limits(MEBIBYTE, kept_ms))[0]


def test_data_is_kept_to_the_byte_with_its_attributes_as_headers() -> None:
    record = made(event(1, data=b'{"b": 1,  "a":1.0e2}', tenant="t1", traceparent=f"00-{'a' * 32}-{'b' * 16}-01"))

    assert (record.key, record.value) == (b"k", b'{"b": 1,  "a":1.0e2}')
    assert dict(record.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"e1",
        "ce_source": b"/shop/orders",
        "ce_type": b"order.paid",
        "ce_subject": b"order-1",
        "ce_time": b"2026-11-23T10:00:00.123456Z",
        "ce_tenant": b"t1",
        "content-type": b"application/json",
        "idempotency-key": b"/shop/orders#e1",
        "traceparent": b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01",
    }


def test_an_event_without_more_has_the_required_attributes_only() -> None:
    record = made(event(1, subject=None, time=None, datacontenttype=None, data=b"\x00"))

    assert [name for name, _ in record.headers] == [
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "idempotency-key",
    ]


def test_typed_data_is_json() -> None:
    record = made(event(1, data={"amount": 1, "at": NOW}, datacontenttype="application/avro"))

    assert record.value == b'{"amount":1,"at":"2026-11-23T10:00:00.123456+00:00"}'
    assert ("content-type", b"application/json") in record.headers


def test_absent_data_is_an_empty_value_without_a_type() -> None:
    record = made(event(1, data=None))

    assert record.value == b""
    assert "content-type" not in dict(record.headers)


def test_an_envelope_says_that_it_is_one() -> None:
    record = made(event(1), "envelope")

    assert ("content-type", b"application/cloudevents+json; charset=UTF-8") in record.headers
    assert ("ce_id", b"e1") in record.headers


@pytest.mark.parametrize(
    ("changes", "kept_ms", "timestamp"),
    [
        ({"time": datetime(2020, 1, 1, tzinfo=UTC)}, None, 1_577_836_800_000),
        ({"time": None}, None, 0),
        ({"time": datetime(1, 1, 1, tzinfo=UTC)}, None, 0),
        ({"time": datetime(2020, 1, 1, tzinfo=UTC)}, 604_800_000, 0),
    ],
)
def test_the_timestamp_is_the_event_s_time_where_the_topic_would_keep_it(
    changes: dict[str, Any], kept_ms: int | None, timestamp: int
) -> None:
    assert made(event(1, **changes), kept_ms=kept_ms).timestamp == timestamp


def test_a_time_to_come_is_the_time_of_now() -> None:
    before = time.time_ns() // 1_000_000

    record = made(event(1, time=datetime.now(UTC) + timedelta(days=1)))

    assert before <= record.timestamp <= time.time_ns() // 1_000_000


def test_what_cannot_be_written_is_refused_by_its_place_in_the_batch() -> None:
    events = [event(0), event(1, data={"huge": 2**70}), event(2, data=b"x" * MEBIBYTE), event(3)]

    with pytest.raises(RecordsRefusedError) as caught:
        records(events, "data", Limits(MEBIBYTE, None))

    assert {index: error.reason for index, error in caught.value.refused.items()} == {
        1: Reason.PAYLOAD_MALFORMED,
        2: Reason.PAYLOAD_TOO_LARGE,
    }


def test_headers_count_for_the_size() -> None:
    bare, long = made(event(1, subject=None)), made(event(1, subject="s" * 1_000))

    assert long.size - bare.size >= 1_000 + len("ce_subject")
