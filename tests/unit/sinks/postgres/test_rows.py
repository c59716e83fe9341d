"""Which events become rows, and which are refused before anything is sent."""

from collections.abc import Sequence

import pytest

from router.api import Event, Reason, RecordsRefusedError
from sinks.postgres.layout import Layout, layout
from sinks.postgres.rows import rows
from tests.unit.sinks.examples import event, field, record
from tests.unit.sinks.postgres.test_config import config

SCHEMA = record(field("id", ["null", "long"]), field("size", "int"))
APPEND = layout(config(), SCHEMA, 0)
UPSERT = layout(config(mode="upsert", key=["id"]), SCHEMA, 0)


def order(number: int, key: int | None, version: int, size: int = 1) -> Event:
    return event(number, data={"id": key, "size": size}, version=version)


def refused(target: Layout, events: Sequence[Event]) -> dict[int, Reason]:
    with pytest.raises(RecordsRefusedError) as caught:
        rows(target, events)
    return {index: error.reason for index, error in caught.value.refused.items()}


def test_appending_keeps_every_event_in_order() -> None:
    made = rows(APPEND, [order(1, 7, 1), order(2, 7, 2)])

    assert list(made.event_indexes) == [0, 1]


def test_an_upsert_keeps_the_newest_event_of_each_key() -> None:
    made = rows(UPSERT, [order(0, 7, 5), order(1, 8, 6), order(2, 7, 9), order(3, 7, 8)])

    assert list(made.event_indexes) == [1, 2]


def test_of_two_events_of_one_version_the_later_wins() -> None:
    made = rows(UPSERT, [order(0, 7, 5), order(1, 7, 5)])

    assert list(made.event_indexes) == [1]


def test_all_values_that_do_not_fit_are_refused_at_once() -> None:
    events = [order(0, 1, 1), order(1, 2, 2, size=2**31), order(2, 3, 3), order(3, 2**63, 4)]

    assert refused(APPEND, events) == {1: Reason.VALUE_OUT_OF_RANGE, 3: Reason.VALUE_OUT_OF_RANGE}


def test_an_upsert_refuses_events_without_key_or_data() -> None:
    events = [order(0, 1, 1), order(1, None, 2), event(2, data=None)]

    assert refused(UPSERT, events) == {1: Reason.PAYLOAD_MALFORMED, 2: Reason.PAYLOAD_MALFORMED}


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(RecordsRefusedError) as caught:
        rows(APPEND, [order(0, 1, 1, size=123_456_789_012)])

    assert "123456789012" not in str(caught.value.refused[0])
