"""The first rule that holds decides, and nothing is lost between the rules."""

import json
from datetime import date
from typing import Never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, Reason, Record
from router.config.models import Route
from router.routing import Dropped, Routed, compile_routes

BODY = b"""{"amount": 12, "customer": "c-7", "at": "2026-11-23T10:00:00Z", "ratio": 0.5,
"serial": 18446744073709551615, "most": 9223372036854775807, "beyond": 18446744073709551616,
"items": [{"sku": "a", "n": 1, "tags": []}, {"sku": "b", "n": 2, "tags": ["b"]}]}"""


def record(body: bytes | None = BODY, **changes: str) -> Record:
    fields = {"id": "e1", "type": "order.paid", "subject": "order-1"} | changes
    return Record(data=body, headers={"x-region": "eu"}, **fields)  # type: ignore[arg-type]  # only texts are changed


REST = Route(topic="rest.v1")


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ('type == "order.paid"', True),
        ('type.startsWith("order.") && data.amount > 10', True),
        ("data.amount > 12", False),
        ('headers["x-region"] == "eu"', True),
        ('subject == "order-1" && source == "/shop/orders"', True),
        ("has(data.refund)", False),
        ("data.refund.amount > 1", False),
        ('data.customer in ["c-7", "c-8"]', True),
        ("data.amount", False),
        ("tenant == null", True),
        ('data.items.exists(i, i.sku == "b" && i.n > 1)', True),
        ("data.items.all(i, i.tags.exists(t, t == i.sku))", False),
        ("data.items.map(i, i.n).exists(n, n == 2)", True),
        ("type(data.amount) == int", True),
        ("type(data.items) == list && type(data.customer) == string", True),
        ('data.at > timestamp("2026-01-01T00:00:00Z")', False),
        ('timestamp(data.at) > timestamp("2026-01-01T00:00:00Z")', True),
        ("data.serial == 18446744073709551615u", True),
        ("data.amount == 12.0", True),
        ("data.amount / 0 == 1", False),
        ("data.most + 1 > 0", False),
        ('data.customer.matches("(")', False),
        ("has(data.items) && size(data.items) == 2", True),
    ],
)
def test_a_condition_over_attributes_headers_and_body(when: str, holds: bool) -> None:
    router = compile_routes("/shop/orders", [Route(when=when, topic="first.v1"), REST])

    assert router.route(record()) == Routed("first.v1" if holds else "rest.v1", b"order-1")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (None, b"order-1"),
        ("data.customer", b"c-7"),
        ("data.amount", b"12"),
        ("data.serial", b"18446744073709551615"),
        ("data.amount > 10", b"true"),
        ('data.customer + "/" + subject', b"c-7/order-1"),
        ("data.missing", b"order-1"),
        ("data.beyond", b"order-1"),
        ("data.ratio", b"order-1"),
        ("data.items", b"order-1"),
        ('""', b"order-1"),
        ("null", b"order-1"),
    ],
)
def test_the_ordering_key(key: str | None, expected: bytes) -> None:
    router = compile_routes("/shop/orders", [Route(topic="t.v1", key=key)])

    assert router.route(record()) == Routed("t.v1", expected)


def test_without_a_subject_the_id_is_the_key() -> None:
    routed = compile_routes("/s", [REST]).route(Record(id="e1", type="t", data=b""))

    assert routed == Routed("rest.v1", b"e1")


def test_a_record_can_be_dropped_on_purpose() -> None:
    router = compile_routes("/s", [Route(when='type == "ping"', drop=True), REST])

    assert router.route(record(type="ping")) == Dropped(0)


@pytest.mark.parametrize(
    "when",
    [
        "typo == 1",
        "data.items.exists(i, j.n > 1)",
        "type ==",
        "",
        "fooBar(type)",
        "has(data.a) && fooBar(type)",
        "false && type.lowerAscii() == id",
        "math.greatest(1, 2) == 2",
        "(" * 4_000,
        "1" + "+1" * 20_000 + " > 0",
    ],
)
def test_a_mistake_in_an_expression_is_found_before_any_traffic(when: str) -> None:
    with pytest.raises(ConnectorError) as raised:
        compile_routes("/s", [Route(when=when, topic="t.v1"), REST])

    assert raised.value.reason is Reason.EXPRESSION_INVALID


@pytest.mark.parametrize(
    "routes",
    [
        [],
        [Route(when="true", topic="t.v1")],
        [REST, REST],
        [Route()],
        [Route(topic="t.v1", drop=True)],
    ],
)
def test_rules_that_leave_a_gap_are_refused(routes: list[Route]) -> None:
    with pytest.raises(ConnectorError) as raised:
        compile_routes("/s", routes)

    assert raised.value.reason is Reason.ROUTE_INCOMPLETE


def test_the_longest_expression_is_evaluated() -> None:
    """A longer one could exhaust the native stack, which would end the process."""
    router = compile_routes("/s", [Route(when="1" + "+1" * 2_045 + ">0", topic="a.v1"), REST])

    assert router.route(record()) == Routed("a.v1", b"order-1")


def test_a_record_is_left_as_it_was() -> None:
    one = record()

    compile_routes("/s", [Route(when="data.beyond > 1.0", topic="a.v1", key="data.beyond"), REST]).route(one)

    assert one == record()


class Headers(dict[str, str]):
    """Headers that must not be looked at."""

    def keys(self) -> Never:
        raise AssertionError


def test_only_what_an_expression_names_is_read() -> None:
    router = compile_routes("/s", [Route(when='type == "ping"', drop=True), Route(topic="a.v1", key="subject")])

    assert router.route(Record("e1", "order.paid", b"", subject="s", headers=Headers(a="b"))) == Routed("a.v1", b"s")


def test_a_value_that_cel_has_no_type_for_makes_no_rule_hold() -> None:
    router = compile_routes("/s", [Route(when="data.day == data.n", topic="a.v1"), Route(topic="b.v1", key="data.n")])

    assert router.route(Record("e1", "t", {"n": 1, "day": date(2026, 11, 23)})) == Routed("b.v1", b"e1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "k", "x"]), inner),
    max_leaves=15,
)
EXPRESSIONS = [
    "data.a.b == type",
    "data.a + data.b > 0",
    "data.a * data.b == data.k",
    "data.a[data.b] == id",
    "data.a.matches(data.b)",
    "timestamp(data.a) < timestamp(data.b)",
    "data.exists(i, data[i] == data.k)",
    "int(data.a) / int(data.b) % 2 == uint(data.k)",
    "-data.a < data.b || string(data.k) == type",
]


@given(
    st.sampled_from(EXPRESSIONS),
    st.none() | st.binary(max_size=50) | JSON.map(json.dumps).map(str.encode) | st.dictionaries(st.text(), JSON),
    st.text(max_size=20),
    st.text(min_size=1, max_size=20),
)
def test_any_record_is_routed_and_always_the_same_way(
    when: str, data: bytes | dict[str, object] | None, event_type: str, event_id: str
) -> None:
    router = compile_routes("/s", [Route(when=when, topic="a.v1", key="data.k"), REST])
    one = Record(id=event_id, type=event_type, data=data)

    assert router.route(one) == router.route(one)
    assert isinstance(router.route(one), Routed)
