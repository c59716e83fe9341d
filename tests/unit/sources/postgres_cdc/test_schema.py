"""The Avro schema of a table, and what of it stays the same from one version to the next."""

import io

import fastavro
import pytest
from fastavro import parse_schema

from sources.postgres_cdc.change_schema import avro_name, columns
from sources.postgres_cdc.kinds import PgType, kind
from sources.postgres_cdc.relation import Relations

INT = PgType(23, -1, "integer", "integer")


def numeric(precision: int, scale: int) -> PgType:
    return PgType(1700, ((precision << 16) | (scale & 0x7FF)) + 4, "numeric", "numeric")


@pytest.mark.parametrize(
    ("pg_type", "avro"),
    [
        (numeric(10, 2), {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}),
        (numeric(5, 0), {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 0}),
        (numeric(3, -2), "string"),
        (numeric(3, 5), "string"),
        (PgType(1700, -1, "numeric", "numeric"), "string"),
        (PgType(0, -1, "text", "mood"), "string"),
        (PgType(1007, -1, "integer[]", "integer[]", INT), {"type": "array", "items": ["null", "int"]}),
    ],
)
def test_a_type_is_an_avro_type_that_holds_its_values(pg_type: PgType, avro: object) -> None:
    assert kind(pg_type).avro == avro


@pytest.mark.parametrize(("name", "avro"), [("id", "id"), ("1st", "_1st"), ("größe", "gr__e"), ("a b", "a_b")])
def test_a_name_is_one_that_avro_allows(name: str, avro: str) -> None:
    assert avro_name(name) == avro


def test_no_two_columns_have_the_same_field() -> None:
    made = columns([(name, kind(INT)) for name in ("a b", "a-b", "a_b_2", "a_b")])

    assert len({column.field for column in made}) == 4


def test_the_same_columns_are_one_schema_and_others_another() -> None:
    relations = Relations()

    first = relations.get("public", "t", [("a", INT), ("b", INT)], ["b", "a"])
    same = relations.get("public", "t", [("a", INT), ("b", INT)], ["a", "b"])
    wider = relations.get("public", "t", [("a", INT), ("b", INT), ("c", INT)], ["a", "b"])

    assert first.schema is same.schema
    assert wider.schema is not first.schema


def test_a_reader_with_a_column_more_reads_what_was_written_without_it() -> None:
    relations = Relations()
    old = relations.get("public", "t", [("a", INT), ("gone", INT)], ["a"])
    new = relations.get("public", "t", [("a", INT), ("b", INT)], ["a"])

    change = {
        "op": "c",
        "after": {"a": 1, "gone": 2},
        "position": {"lsn": 1, "index": 1},
        "unchanged": [],
        "texts": {},
    }
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, parse_schema(dict(old.schema.avro)), change)
    buffer.seek(0)

    read = fastavro.schemaless_reader(buffer, dict(old.schema.avro), dict(new.schema.avro))

    assert isinstance(read, dict)
    assert read["after"] == {"a": 1, "b": None}
