"""The first rule that holds decides, and nothing is lost between the rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import ConnectorError, Reason, Record
from router.config.models import Route
from router.routing import Dropped, Routed, compile_routes


def record(body: bytes | None = b'{"amount": 12, "customer": "c-7"}', **changes: str) -> Record:
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
        ("data.missing", b"order-1"),
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


@pytest.mark.parametrize("when", ["typo == 1", "type ==", "fooBar(type)", "", "(" * 5_000])
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


@given(st.none() | st.binary(max_size=200), st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_any_record_is_routed_and_always_the_same_way(body: bytes | None, event_type: str, event_id: str) -> None:
    router = compile_routes("/s", [Route(when="data.a.b == type", topic="a.v1", key="data.k"), REST])
    one = Record(id=event_id, type=event_type, data=body)

    assert router.route(one) == router.route(one)
    assert isinstance(router.route(one), Routed)
