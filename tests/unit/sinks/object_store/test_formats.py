"""Events in each format, read back by that format's own reader."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

import fastavro
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from router.api import Event, Reason, RecordsRefusedError, Schema
from sinks.object_store import avro_file, json_lines, parquet
from sinks.object_store.arrow_kinds import record_kind
from sinks.object_store.config import ObjectStoreConfig
from sinks.object_store.encoding import data_objects
from tests.unit.sinks.examples import NOW, PARTITION, batch, event, field, record

Row = Mapping[str, Any]
BARE = event(
    2, subject=None, time=None, datacontenttype=None, dataschema=None, tenant=None, traceparent=None, data=None
)
FULL = event(1, dataschema="urn:s", tenant="acme", traceparent="00-a-b-01")


def from_parquet(events: Sequence[Event], schema: Schema | None = None) -> Sequence[Row]:
    return list(pq.read_table(BytesIO(parquet.encode(events, PARTITION, schema, "zstd"))).to_pylist())


def from_avro(events: Sequence[Event], schema: Schema | None = None) -> Sequence[Row]:
    body = avro_file.encode(events, PARTITION, schema, "gzip")
    return [row for row in fastavro.reader(BytesIO(body)) if isinstance(row, dict)]


def from_lines(events: Sequence[Event]) -> Sequence[Row]:
    return [orjson.loads(line) for line in json_lines.encode(events, PARTITION, "none").splitlines()]


@pytest.mark.parametrize("read", [from_parquet, from_avro])
def test_an_event_with_everything_and_one_with_nothing_come_back(
    read: Callable[[Sequence[Event]], Sequence[Row]],
) -> None:
    full, bare = read([FULL, BARE])

    assert full == {
        "id": "e1",
        "source": "/shop/orders",
        "type": "order.paid",
        "subject": "order-1",
        "time": NOW,
        "datacontenttype": "application/json",
        "dataschema": "urn:s",
        "tenant": "acme",
        "idempotency_key": "/shop/orders#e1",
        "ingested_at": NOW,
        "traceparent": "00-a-b-01",
        "topic": "orders.v1",
        "partition": 0,
        "offset": 1,
        "data": b'{"amount": 1}',
    }
    assert [name for name, value in bare.items() if value is None] == [
        "subject",
        "time",
        "datacontenttype",
        "dataschema",
        "tenant",
        "traceparent",
        "data",
    ]


def test_a_line_says_the_same_in_json() -> None:
    full, bare = from_lines([FULL, BARE])

    assert full["time"] == full["ingested_at"] == "2026-11-23T10:00:00.123456Z"
    assert (full["data"], full["tenant"], full["offset"]) == ({"amount": 1}, "acme", 1)
    assert (bare["data"], bare["time"], bare["id"]) == (None, None, "e2")


def test_numbers_of_json_are_the_same_to_the_digit_and_a_line_stays_a_line() -> None:
    body = b'{"n": 18446744073709551616,\r\n "x": 1.10, "t": "a\\nb"}'

    written = json_lines.encode([event(1, data=body)], PARTITION, "none")

    assert written.count(b"\n") == 1
    assert b'{"n": 18446744073709551616,   "x": 1.10, "t": "a\\nb"}' in written


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"\xff\x00", "application/json"), (b"{", "application/json"), (b"{}", "text/plain"), (b"{}", None)],
)
def test_bytes_that_are_no_json_are_base64(data: bytes, kind: str | None) -> None:
    (line,) = from_lines([event(1, data=data, datacontenttype=kind)])

    assert "data" not in line
    assert line["data_base64"]


def test_lines_are_compressed_the_same_way_each_time() -> None:
    one, other = (json_lines.encode([FULL], PARTITION, "gzip") for _ in range(2))

    assert one == other
    assert gzip.decompress(one) == json_lines.encode([FULL], PARTITION, "none")


LOGICAL = {
    "millis": ({"type": "long", "logicalType": "timestamp-millis"}, datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=UTC)),
    "micros": ({"type": "long", "logicalType": "timestamp-micros"}, NOW),
    "local": ({"type": "long", "logicalType": "local-timestamp-micros"}, NOW.replace(tzinfo=None)),
    "day": ({"type": "int", "logicalType": "date"}, date(2026, 11, 23)),
    "clock": ({"type": "long", "logicalType": "time-micros"}, time(1, 2, 3, 4)),
    "price": ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, Decimal("12.50")),
    "vast": ({"type": "bytes", "logicalType": "decimal", "precision": 60, "scale": 2}, Decimal("1.25")),
}


@pytest.mark.parametrize("name", LOGICAL)
def test_logical_types_are_types_of_parquet(name: str) -> None:
    avro, value = LOGICAL[name]

    (row, empty) = from_parquet(
        [event(1, data={"v": value}), event(2, data={"v": None})], record(field("v", ["null", avro]))
    )

    assert row["data"] == {"v": value}
    assert empty["data"] == {"v": None}


@pytest.mark.parametrize(
    ("avro", "value", "stored"),
    [
        ("boolean", True, True),
        ("int", -1, -1),
        ("long", 2**62, 2**62),
        ("double", 0.5, 0.5),
        ("string", "é", "é"),
        ("bytes", b"\0", b"\0"),
        ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, "B", "B"),
        ({"type": "fixed", "name": "F", "size": 2}, b"ab", b"ab"),
        ({"type": "string", "logicalType": "uuid"}, UUID(int=7), str(UUID(int=7))),
        ({"type": "array", "items": ["null", "int"]}, [1, None], [1, None]),
        ({"type": "map", "values": "long"}, {"a": 1}, [("a", 1)]),
        (["null", "int", "string"], "x", '"x"'),
        ({"type": "array", "items": ["int", "string"]}, [1, "x"], ["1", '"x"']),
        ({"type": "record", "name": "R", "fields": [{"name": "n", "type": "int"}]}, {"n": 1}, {"n": 1}),
        ({"type": "record", "name": "R", "fields": []}, {}, "{}"),
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 80, "scale": 1},
            Decimal("0.1"),
            "0.1",
        ),
    ],
)
def test_every_avro_type_has_a_column(avro: Any, value: Any, stored: Any) -> None:
    (row,) = from_parquet([event(1, data={"v": value})], record(field("v", avro)))

    assert row["data"]["v"] == stored


def test_a_type_that_is_referred_to_by_name_is_the_one_that_was_defined() -> None:
    defined = {"type": "enum", "name": "Color", "namespace": "other", "symbols": ["RED"]}

    kind = record_kind(record(field("a", defined), field("b", "other.Color")).avro)

    assert kind.type == pa.struct([("a", pa.string()), ("b", pa.string())])


def test_typed_data_is_typed_in_avro() -> None:
    schema = record(field("n", "long"), field("at", {"type": "long", "logicalType": "timestamp-micros"}))

    (row,) = from_avro([event(1, data={"n": 5, "at": NOW})], schema)

    assert row["data"] == {"n": 5, "at": NOW}


@pytest.mark.parametrize("form", ["parquet", "avro"])
def test_only_the_event_that_does_not_fit_is_refused_and_its_value_not_repeated(form: str) -> None:
    config = ObjectStoreConfig.model_validate({"url": "file:///events", "format": form})
    some = [event(number, data={"n": number}) for number in range(3)]
    some[1] = event(1, data={"n": "hunter2"})

    with pytest.raises(RecordsRefusedError) as caught:
        data_objects(batch(some, 0, schema=record(field("n", "long"))), config, lambda _event: "", "mark")

    ((index, error),) = caught.value.refused.items()
    assert (index, error.reason) == (1, Reason.VALUE_OUT_OF_RANGE)
    assert "hunter2" not in f"{error}"


def test_each_directory_has_an_object_of_its_own() -> None:
    config = ObjectStoreConfig.model_validate({"url": "file:///events", "format": "jsonl"})
    some = [event(0, type="a"), event(1, type="b"), event(2, type="a")]

    objects = data_objects(batch(some, 0), config, lambda one: f"type={one.type}", "mark")

    assert [(one.name.split("/")[1], one.events) for one in objects] == [("type=a", 2), ("type=b", 1)]
    assert all(one.name.endswith("-mark.jsonl.gz") for one in objects)
