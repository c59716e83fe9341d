"""What of a batch of changes is left for each key: the last by the origin's log, with the values it left unchanged."""

from typing import Any

import pytest

from router.api import ConnectorError, Event, Reason, RecordsRefusedError, Schema
from sinks.postgres.change_layout import change_layout, is_change
from sinks.postgres.change_rows import Changes, change_rows
from sinks.postgres.config import PostgresConfig
from sinks.postgres.literals import array_literal
from tests.unit.sinks.examples import event, secret


def schema(sql_type: str = "text", **attributes: Any) -> Schema:
    fields = [
        {"name": "id", "type": ["null", "int"], "connectors.type": "integer"},
        {"name": "a", "type": ["null", "string"], "connectors.type": sql_type},
    ]
    row = {"type": "record", "name": "Row", "fields": fields}
    before = {"name": "before", "type": ["null", row]}
    change = {"type": "record", "name": "Change", "connectors.change": True, "connectors.key": ["id"]}
    return Schema({**change, "fields": [before, {"name": "after", "type": ["null", "Row"]}], **attributes})


def config(*key: str) -> PostgresConfig:
    settings = {"host": "h", "database": "d", "user": "u", "password": secret("p"), "table": "t", "mode": "upsert"}
    return PostgresConfig.model_validate({**settings, "key": key or ("id",)})


def change(op: str, lsn: int, key: int = 1, a: str | None = None, **more: Any) -> Event:
    row = {"id": key, "a": a}
    data = {
        "op": op,
        "before": row if op == "d" else None,
        "after": None if op in "dt" else row,
        "position": {"lsn": lsn, "index": 1},
        "unchanged": [],
        "texts": {},
        **more,
    }
    return event(lsn, data=data, subject=None if op == "t" else f'{{"id":{key}}}')


def left(*events: Event) -> list[tuple[int, str, Any]]:
    """The number of the event, the op and the value that are left, in the order of their keys."""
    changes = Changes()
    for number, one in enumerate(events):
        changes.add(number, one)
    return [(number, kept.op, kept.row.get("a")) for number, kept in changes.last()]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([change("c", 1, a="x"), change("u", 2, a="y")], [(1, "u", "y")]),
        ([change("c", 1, a="x"), change("d", 2)], [(1, "d", None)]),
        ([change("d", 1), change("c", 2, a="x")], [(1, "c", "x")]),
        ([change("u", 5, a="new"), change("r", 2, a="old")], [(0, "u", "new")]),
        ([change("c", 1, 1, "x"), change("c", 2, 2, "y")], [(0, "c", "x"), (1, "c", "y")]),
        ([change("c", 1, a="x"), change("u", 2, unchanged=["a"])], [(1, "u", "x")]),
        ([change("c", 1, a="x"), change("u", 2, unchanged=["a"]), change("u", 3, unchanged=["a"])], [(2, "u", "x")]),
        ([change("d", 1), change("u", 2, unchanged=["a"])], [(1, "u", None)]),
        ([change("c", 1, a="x"), change("t", 2)], [(1, "t", None)]),
        ([change("c", 1, a="x"), change("t", 2), change("c", 3, a="y")], [(1, "t", None), (2, "c", "y")]),
        ([change("t", 5), change("c", 3, a="older")], [(0, "t", None)]),
        ([change("c", 7, a="newer"), change("t", 5)], [(1, "t", None), (0, "c", "newer")]),
        ([change("t", 5), change("t", 3)], [(0, "t", None)]),
    ],
)
def test_the_last_change_by_the_log_is_left(events: list[Event], expected: list[tuple[int, str, Any]]) -> None:
    assert left(*events) == expected


def test_a_value_that_two_updates_left_unchanged_stays_unchanged() -> None:
    changes = Changes()
    changes.add(0, change("u", 1, unchanged=["a"]))
    changes.add(1, change("u", 2, unchanged=["a"]))

    ((_, kept),) = changes.last()
    assert kept.unchanged == ["a"]


def test_a_text_goes_with_the_value_that_it_stands_for() -> None:
    changes = Changes()
    changes.add(0, change("c", 1, texts={"a": "infinity"}))
    changes.add(1, change("u", 2, unchanged=["a"]))

    ((_, kept),) = changes.last()
    assert (kept.texts, kept.unchanged) == ({"a": "infinity"}, [])


@pytest.mark.parametrize(
    ("one", "is_rich"),
    [
        (change("c", 1), False),
        (change("d", 1), False),
        (change("u", 1, unchanged=["a"]), True),
        (change("u", 1, texts={"a": "NaN"}), True),
        (change("t", 1), True),
    ],
)
def test_only_what_is_more_than_values_takes_the_longer_way(one: Event, is_rich: bool) -> None:
    assert change_rows(change_layout(config(), schema(), 0), [one])[1] is is_rich


@pytest.mark.parametrize(
    "data", [None, b"bytes", {}, {"op": "c"}, {"op": "c", "position": None}, {"op": "c", "position": {"lsn": 1}}]
)
def test_what_is_no_change_is_refused_by_its_number(data: Any) -> None:
    with pytest.raises(RecordsRefusedError) as refused:
        change_rows(change_layout(config(), schema(), 0), [change("c", 1), event(2, data=data)])

    assert {number: error.reason for number, error in refused.value.refused.items()} == {1: Reason.PAYLOAD_MALFORMED}


def test_a_value_that_does_not_fit_is_refused_by_its_number() -> None:
    with pytest.raises(RecordsRefusedError) as refused:
        change_rows(change_layout(config(), schema(), 0), [change("c", 1), change("c", 2, key=2**40)])

    assert {number: error.reason for number, error in refused.value.refused.items()} == {1: Reason.VALUE_OUT_OF_RANGE}


@pytest.mark.parametrize(
    "sql_type",
    [
        "text; DROP TABLE t",
        "text)",
        "text, x int",
        "text DEFAULT (1)",
        "a.b",
        '"text"',
        "text--",
        "TEXT",
        "",
        "text[][]",
    ],
)
def test_a_type_that_is_more_than_a_type_is_refused(sql_type: str) -> None:
    with pytest.raises(ConnectorError) as refused:
        change_layout(config(), schema(sql_type), 0)

    assert refused.value.reason is Reason.TABLE_MISMATCH


@pytest.mark.parametrize(
    "sql_type", ["text", "numeric(10,-2)", "timestamp(3) with time zone", '"char"', "character varying(5)[]", "bit(3)"]
)
def test_the_types_of_postgres_are_taken(sql_type: str) -> None:
    assert change_layout(config(), schema(sql_type), 0).columns[1].kind.sql == sql_type


def test_a_key_that_is_not_the_origins_is_refused() -> None:
    with pytest.raises(ConnectorError, match="Use the key of the origin: id"):
        change_layout(config("a"), schema(), 0)


def test_only_a_schema_that_says_so_is_one_of_changes() -> None:
    assert [is_change(one) for one in (None, schema(), schema(**{"connectors.change": "yes"}))] == [False, True, False]


def test_the_items_of_an_array_are_quoted_where_they_must_be() -> None:
    assert array_literal([1, None, True, 0.5, 'a "b" \\', "", "NULL"]) == '{1,NULL,t,0.5,"a \\"b\\" \\\\","","NULL"}'
