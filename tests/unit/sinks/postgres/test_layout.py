"""Which columns the rows of a stream have."""

from typing import Any

import pytest

from router.api import ConnectorError, Reason, Schema
from sinks.postgres.layout import Layout, layout
from tests.unit.sinks.examples import field, record
from tests.unit.sinks.postgres.test_config import config

ATTRIBUTES = ["id", "source", "type", "subject", "time", "tenant", "idempotency_key", "ingested_at", "traceparent"]


def names(made: Layout) -> list[str]:
    return [column.name for column in made.columns]


def test_bytes_have_the_attributes_and_the_data() -> None:
    made = layout(config(), None, 0)

    assert names(made) == [*ATTRIBUTES, "data"]
    assert made.conflict == ("idempotency_key",)


@pytest.mark.parametrize(("payload", "column"), [("json", "json"), ("bytes", "bytea")])
def test_the_type_of_bytes_is_chosen(payload: str, column: str) -> None:
    assert layout(config(payload=payload), None, 0).columns[-1].kind.sql == column


def test_the_attributes_step_aside_for_typed_data() -> None:
    made = layout(config(), record(field("id", "long"), field("type", "string")), 0)

    assert names(made) == [f"_{name}" for name in ATTRIBUTES] + ["id", "type"]
    assert made.conflict == ("_idempotency_key",)


def test_an_upsert_also_keeps_the_version() -> None:
    made = layout(config(mode="upsert", key=["id"]), record(field("id", "long")), 0)

    assert "_version" in names(made)
    assert (made.conflict, made.version) == (("id",), "_version")


@pytest.mark.parametrize(
    ("changes", "schema"),
    [
        ({}, Schema({"type": "map", "values": "string"})),
        ({}, record(field("_id", "long"))),
        ({}, record(field("a" * 64, "long"))),
        ({"mode": "upsert", "key": ["missing"]}, record(field("id", "long"))),
        ({"mode": "upsert", "key": ["tags"]}, record(field("tags", {"type": "array", "items": "string"}))),
        ({"mode": "upsert", "key": ["data"]}, None),
    ],
)
def test_what_cannot_be_a_table_stops_the_sink(changes: dict[str, Any], schema: Schema | None) -> None:
    with pytest.raises(ConnectorError) as caught:
        layout(config(**changes), schema, 0)

    assert caught.value.reason is Reason.TABLE_MISMATCH
