from dataclasses import asdict

import pytest

from router.control.records import (
    Connectors,
    Entry,
    Restart,
    Statuses,
    TaskStatus,
    WorkerSeen,
    fold_connectors,
    fold_statuses,
    key,
    value,
)
from router.fetching.states import State
from tests.unit.control.examples import record

ENTRY = Entry("sink", {"connector": "http", "topics": ["a.v1"]}, "api", 2, "2026-11-23T09:00:00+00:00", "ann")
RESTART = Restart("2026-11-23T09:00:00+00:00", None, True)
STATUS = TaskStatus(State.FAILED, "w1", "TARGET_REJECTED: no", "2026-11-23T09:00:00+00:00", 2)
SEEN = WorkerSeen("2026-11-23T09:00:00+00:00", "2026-11-23T09:00:05+00:00")


def test_what_is_written_is_read() -> None:
    connectors = fold_connectors(
        [
            record(key("connector", "a"), value(ENTRY)),
            record(key("target", "a"), value(State.PAUSED)),
            record(key("restart", "a"), value(RESTART)),
        ]
    )
    statuses = fold_statuses([record(key("task", "a", 1), value(STATUS)), record(key("worker", "w1"), value(SEEN))])

    assert connectors == Connectors({"a": ENTRY}, {"a": State.PAUSED}, {"a": RESTART})
    assert statuses == Statuses({("a", 1): STATUS}, {"w1": SEEN})


def test_the_last_record_of_a_key_counts_and_null_removes_it() -> None:
    other = Entry(**(asdict(ENTRY) | {"version": 3}))

    connectors = fold_connectors(
        [
            record(key("connector", "a"), value(ENTRY)),
            record(key("connector", "b"), value(ENTRY)),
            record(key("connector", "a"), value(other)),
            record(key("connector", "b"), None),
            record(key("connector", "never"), None),
        ]
    )

    assert connectors.entries == {"a": other}


@pytest.mark.parametrize(
    ("foreign", "content"),
    [
        (None, b"{}"),
        (b"", b"{}"),
        (b"no json", b"{}"),
        (b"7", b"{}"),
        (b'[["list"], 1]', b"{}"),
        (b'["connector", 7]', b"{}"),
        (b'["connector", "b"]', b"no json"),
        (b'["connector", "b"]', b"[]"),
        (b'["connector", "b"]', b'{"kind": "sink"}'),
        (b'["target", "b"]', b'{"state": "DANCING"}'),
        (b'["task", "b", 0]', b'{"state": "RUNNING"}'),
        (b'["worker", "b"]', b'{"seen": 1, "more": 2}'),
        (b"[" * 10_000, b"{}"),
    ],
)
def test_a_foreign_record_stops_nobody(foreign: bytes | None, content: bytes) -> None:
    records = [record(foreign, content), record(key("connector", "a"), value(ENTRY))]

    assert fold_connectors(records) == Connectors({"a": ENTRY})
    assert fold_statuses(records) == Statuses()
