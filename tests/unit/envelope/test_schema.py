"""Only schemas that are safe to decode with are admitted."""

import json
from typing import Any

import pytest

from router.api import ConnectorError, Reason
from router.envelope.schema import admit, data_schema, envelope_schema

ROW = {"type": "record", "name": "Row", "fields": [{"name": "n", "type": "long"}]}


def nested(depth: int) -> Any:
    schema: Any = "long"
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


HOSTILE: dict[str, Any] = {
    "recursive": {
        "type": "record",
        "name": "Node",
        "fields": [{"name": "next", "type": ["null", "Node"]}],
    },
    "too deep": nested(100),
    "items without bytes": {"type": "array", "items": "null"},
    "items without bytes, by a record": {"type": "array", "items": {"type": "record", "name": "E", "fields": []}},
    "unknown name": "Missing",
    "name with a path": {"type": "enum", "name": "../x", "symbols": ["A"]},
    "defined twice": [ROW, ROW],
    "too many parts": ["null"] * 30_000,
    "no type": {"name": "x"},
    "fields missing": {"type": "record", "name": "R"},
    "field without a name": {"type": "record", "name": "R", "fields": [{"type": "long"}]},
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_schema_is_refused(hostile: Any) -> None:
    with pytest.raises(ConnectorError) as raised:
        admit(
            json.dumps(
                envelope_schema("t", {"type": "record", "name": "D", "fields": [{"name": "x", "type": hostile}]})
            )
        )

    assert raised.value.reason is Reason.SCHEMA_REJECTED


@pytest.mark.parametrize("text", ["", "<html>", "[" * 100_000, "{}", '"string"', json.dumps(ROW), " " * 2_000_000])
def test_what_is_not_an_envelope_is_refused(text: str) -> None:
    with pytest.raises(ConnectorError) as raised:
        admit(text)

    assert raised.value.reason is Reason.SCHEMA_REJECTED


def test_typed_data_keeps_its_schema() -> None:
    admitted = admit(json.dumps(envelope_schema("orders.v1", ROW)))

    assert data_schema(admitted) == {"namespace": "orders.v1", **ROW}
    assert admitted["namespace"] == "orders.v1"


def test_bytes_have_no_data_schema() -> None:
    assert data_schema(admit(json.dumps(envelope_schema("0-orders", None)))) is None


def test_a_topic_that_is_no_avro_name_still_gets_a_namespace() -> None:
    assert envelope_schema("0-orders.x", None)["namespace"] == "_0.orders.x"
