"""A schema in the words of people, and what has changed in it."""

from typing import Any

import pytest

from router.envelope.outline import Change, Difference, changes, outline

INNER = {
    "type": "record",
    "name": "Row",
    "fields": [{"name": "id", "type": "long"}, {"name": "b", "type": ["null", "string"]}],
}
CHANGE = {
    "type": "record",
    "name": "Change",
    "fields": [
        {"name": "op", "type": "string"},
        {"name": "before", "type": ["null", INNER]},
        {"name": "after", "type": ["null", "Row"]},
    ],
}


def test_records_are_their_fields_in_place_also_where_they_stand_by_name() -> None:
    assert outline(CHANGE) == {
        "op": "string",
        "before.id": "long",
        "before.b": "string?",
        "after.id": "long",
        "after.b": "string?",
    }


def test_bytes_have_no_fields() -> None:
    assert outline(None) == {}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}, "decimal(10,2)"),
        ({"type": "array", "items": ["null", "int"]}, "array of int?"),
        ({"type": "enum", "name": "Mood", "symbols": ["SAD", "OK"]}, "enum of SAD, OK"),
        (["null", "int", "string"], "int or string?"),
        ({"type": {"type": "fixed", "name": "Four", "size": 4}}, "fixed Four"),
    ],
)
def test_a_type_is_told_in_a_word_or_two(kind: Any, words: str) -> None:
    assert outline({"type": "record", "name": "R", "fields": [{"name": "a", "type": kind}]}) == {"a": words}


def test_what_was_added_removed_and_changed_is_told_apart() -> None:
    found = changes({"a": "int", "b": "long", "c": "string"}, {"a": "int", "b": "string", "d": "date"})

    assert found == [
        Change(Difference.REMOVED, "c", "string", ""),
        Change(Difference.CHANGED, "b", "long", "string"),
        Change(Difference.ADDED, "d", "", "date"),
    ]
