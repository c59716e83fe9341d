"""Each Avro type has its column type."""

from typing import Any

import pytest

from sinks.postgres.avro_kinds import record_kinds
from tests.unit.sinks.examples import field, record


@pytest.mark.parametrize(
    ("avro", "column"),
    [
        ("boolean", "boolean"),
        ("int", "integer"),
        ("long", "bigint"),
        ("float", "real"),
        ("double", "double precision"),
        ("string", "text"),
        ("bytes", "bytea"),
        ("null", "text"),
        (["null", "long"], "bigint"),
        (["string"], "text"),
        (["null", "long", "string"], "jsonb"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, "text"),
        ({"type": "fixed", "name": "F", "size": 4}, "bytea"),
        ({"type": "array", "items": "string"}, "jsonb"),
        ({"type": "map", "values": "long"}, "jsonb"),
        ({"type": "record", "name": "R", "fields": []}, "jsonb"),
        ({"type": "long", "logicalType": "timestamp-micros"}, "timestamp with time zone"),
        (["null", {"type": "long", "logicalType": "timestamp-millis"}], "timestamp with time zone"),
        ({"type": "long", "logicalType": "local-timestamp-micros"}, "timestamp without time zone"),
        ({"type": "int", "logicalType": "date"}, "date"),
        ({"type": "int", "logicalType": "time-millis"}, "time without time zone"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, "numeric"),
        ({"type": "fixed", "name": "D", "size": 8, "logicalType": "decimal", "precision": 9}, "numeric"),
        ({"type": "string", "logicalType": "uuid"}, "uuid"),
        ({"type": "long", "logicalType": "timestamp-nanos"}, "bigint"),
        ({"type": "string", "logicalType": "timestamp-micros"}, "text"),
        ({"type": {"type": "string"}}, "text"),
    ],
)
def test_a_type_becomes_the_column_that_keeps_its_values(avro: Any, column: str) -> None:
    kinds = record_kinds(record(field("value", avro)).avro)

    assert kinds["value"].sql == column


@pytest.mark.parametrize("reference", ["shop.Size", "Size"])
def test_a_type_that_an_earlier_field_defines_may_be_named(reference: str) -> None:
    size = {"type": "enum", "name": "Size", "symbols": ["S", "L"]}
    schema = record(field("sizes", {"type": "array", "items": size}), field("size", ["null", reference]))

    assert record_kinds(schema.avro)["size"].sql == "text"


def test_a_type_defined_within_a_record_of_another_namespace_is_found_by_its_full_name() -> None:
    size = {"type": "enum", "name": "Size", "symbols": ["S"]}
    inner = {"type": "record", "name": "Inner", "namespace": "other", "fields": [field("size", size)]}
    schema = record(field("inner", inner), field("size", "other.Size"))

    assert record_kinds(schema.avro)["size"].sql == "text"
