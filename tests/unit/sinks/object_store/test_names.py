"""Names of objects are safe and distinct, whatever the events hold."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.object_store.names import MAX_COMPONENT, component, log_place, object_name
from tests.unit.sinks.examples import PARTITION

ANY_TEXT = st.text(st.characters(), min_size=1, max_size=300)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("order.paid", "order.paid"),
        ("a/b", "a%2Fb"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("a b=c", "a%20b%3Dc"),
        ("é", "%C3%A9"),
        ("\ud800", "%ED%A0%80"),
    ],
)
def test_a_text_becomes_one_directory_name(text: str, name: str) -> None:
    assert component(text) == name


@given(ANY_TEXT)
def test_no_text_leads_out_of_its_directory_or_is_too_long(text: str) -> None:
    name = component(text)

    assert 0 < len(name) <= MAX_COMPONENT
    assert "/" not in name
    assert name.strip(".")
    assert name.isascii()


@given(ANY_TEXT, ANY_TEXT)
def test_two_texts_have_two_names(one: str, other: str) -> None:
    assert (component(one) == component(other)) is (one == other)


def test_long_texts_that_begin_alike_have_two_names() -> None:
    assert component("a" * 500) != component("a" * 501)
    assert component("é" * 100).rpartition("~")[0] == "%C3%A9" * 11


def test_an_objects_name_sorts_by_its_first_offset_within_a_directory() -> None:
    names = [object_name(PARTITION, "type=a", offset, "mark", "parquet") for offset in (9, 10, 100)]

    assert names == sorted(names)
    assert names[0] == "orders.v1/type=a/orders.v1-0-00000000000000000009-mark.parquet"
    assert object_name(PARTITION, "", 9, "mark", "avro") == "orders.v1/orders.v1-0-00000000000000000009-mark.avro"


def test_a_topic_that_was_made_anew_has_a_log_of_its_own() -> None:
    assert log_place("shop.lake", PARTITION) == "_positions/shop.lake/cluster/orders.v1/topic-id/0"
    assert log_place("shop.lake", replace(PARTITION, topic_id="another")) != log_place("shop.lake", PARTITION)
