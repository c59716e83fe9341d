"""Leaving out what no expression looks at changes no result."""

import json

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.routing.outline import Outline, outline, prune


@pytest.mark.parametrize(
    ("expressions", "fields"),
    [
        (["type == id"], {}),
        (["data.a.b == 1"], {"a": {"b": None}}),
        (["data.a.b == 1", "data.a.c"], {"a": {"b": None, "c": None}}),
        (["data.a.b == 1", "data.a"], {"a": None}),
        (["data.a", "data.a.b == 1"], {"a": None}),
        (["data.a.exists(i, i.b == data.c)"], {"a": None, "c": None}),
        (["data . a\n. b . size ( )"], {"a": {"b": None}}),
        (["has(data.a)"], {"a": None}),
        (['data["a"]'], None),
        (["data.a", "data.size()"], None),
        (["size(data)"], None),
        (['data.a["b"].c'], {"a": None}),
        (["metadata.a == database.b"], {}),
    ],
)
def test_the_fields_that_are_looked_at(expressions: list[str], fields: Outline) -> None:
    assert outline(expressions) == fields


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "b", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner),
    max_leaves=20,
)
EXPRESSIONS = [
    "data.a",
    "data.a.b",
    "data.a.b.c == data.b",
    "has(data.a.b)",
    "has(data.a) && data.b in data.a",
    "data.a.exists(a, a.b == data.b)",
    "type(data.a) == list ? data.a.map(data, data.b) : []",
    "size(data.a) == data.b.size()",
    "data['a'].b",
    "size(data)",
    "data.exists(a, a == 'b')",
    "type(data.a.b) == type(data.a)",
    "{'data': data.a.b}.data",
    "[data][0].a",
]


def evaluated(expression: str, data: object) -> str:
    try:
        return json.dumps(cel.evaluate(expression, {"data": data}), sort_keys=True)
    except (ValueError, TypeError, LookupError, RuntimeError, ArithmeticError):
        return "none"


@given(st.sampled_from(EXPRESSIONS), st.sampled_from(EXPRESSIONS), JSON)
def test_a_pruned_document_gives_the_same_value(expression: str, other: str, data: object) -> None:
    whole = json.dumps(data)

    assert evaluated(expression, prune(data, outline([expression, other]))) == evaluated(expression, data)
    assert json.dumps(data) == whole
