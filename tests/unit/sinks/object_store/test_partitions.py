"""Which directory an event belongs to."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from router.api import Event
from sinks.object_store.config import ObjectStoreConfig
from sinks.object_store.partitions import NO_VALUE, directory, grouped
from tests.unit.sinks.examples import event


def place(one: Event, **changes: Any) -> str:
    config = ObjectStoreConfig.model_validate({"url": "file:///events", "partition_time": "none"} | changes)
    return directory(config)(one)


@pytest.mark.parametrize(
    ("by", "changes", "expected"),
    [
        (["type"], {}, "type=order.paid"),
        (["source", "type"], {}, "source=%2Fshop%2Forders/type=order.paid"),
        (["tenant"], {}, f"tenant={NO_VALUE}"),
        (["subject"], {"subject": ""}, f"subject={NO_VALUE}"),
        (["connector"], {}, "connector=orders"),
        (["data.amount"], {}, "amount=1"),
        (["data.amount"], {"data": {"amount": Decimal("1.50")}}, "amount=1.50"),
        (["data.day"], {"data": {"day": date(2026, 11, 23)}}, "day=2026-11-23"),
        (["data.paid"], {"data": {"paid": True}}, "paid=true"),
        (["data.a.b"], {"data": {"a": {"b": "x/y"}}}, "b=x%2Fy"),
        (["data.a.b"], {"data": {"a": 1}}, f"b={NO_VALUE}"),
        (["data.a"], {"data": {"a": {"b": 1}}}, f"a={NO_VALUE}"),
        (["data.a"], {"data": {"a": None}}, f"a={NO_VALUE}"),
        (["data.a"], {"data": b'{"a": "z"}'}, "a=z"),
        (["data.a"], {"data": b"no JSON"}, f"a={NO_VALUE}"),
        (["data.a"], {"data": b"[1]"}, f"a={NO_VALUE}"),
        (["data.a"], {"data": None}, f"a={NO_VALUE}"),
        ([], {}, ""),
    ],
)
def test_a_field_names_the_directory(by: list[str], changes: dict[str, Any], expected: str) -> None:
    assert place(event(1, **changes), partition_by=by) == expected


def test_the_time_comes_last_and_in_utc() -> None:
    late = datetime(2026, 11, 23, 0, 30, tzinfo=timezone(timedelta(hours=2)))

    assert place(event(1, time=late), partition_time="day") == "date=2026-11-22"
    assert place(event(1, time=late), partition_time="hour", partition_by=["type"]) == (
        "type=order.paid/date=2026-11-22/hour=22"
    )


def test_the_time_of_ingestion_counts_where_it_is_chosen_or_the_event_has_none() -> None:
    ingested = datetime(2026, 12, 1, 5, tzinfo=UTC)

    assert place(event(1, ingested_at=ingested), partition_time="day", time_of="ingestion") == "date=2026-12-01"
    assert place(event(1, ingested_at=ingested, time=None), partition_time="day") == "date=2026-12-01"


def test_events_are_grouped_by_their_directory_in_their_order() -> None:
    some = [event(1, type="a"), event(2, type="b"), event(3, type="a")]

    assert grouped(some, lambda one: one.type) == {"a": [0, 2], "b": [1]}
