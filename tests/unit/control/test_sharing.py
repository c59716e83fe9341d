"""Which worker gets which task."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.control.records import Connectors, Entry
from router.control.sharing import all_tasks, task_partition, wanted_tasks
from router.fetching.states import State

EVERY = frozenset(range(24))
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)


def entry(kind: Any, **settings: Any) -> Entry:
    return Entry(kind, settings, "file", 1, "2026-01-01T00:00:00+00:00", "ann")


@given(NAMES)
def test_of_two_workers_each_gets_one_of_two_tasks_however_they_came(name: str) -> None:
    first, second = task_partition(name, 0), task_partition(name, 1)

    assert first % 2 != second % 2
    assert (first < 12) != (second < 12)


@given(NAMES)
def test_twenty_four_tasks_belong_to_as_many_partitions(name: str) -> None:
    assert {task_partition(name, number) for number in range(24)} == EVERY


def test_sinks_have_as_many_tasks_as_they_say_and_sources_one() -> None:
    entries = {"s": entry("sink", tasks=3), "f": entry("source", tasks=3), "bad": entry("sink", tasks="many")}

    tasks = [(name, number) for name, number, _ in all_tasks(Connectors(entries))]

    assert tasks == [("s", 0), ("s", 1), ("s", 2), ("f", 0), ("bad", 0)]


def test_tasks_run_only_in_partitions_of_ours_and_unless_stopped() -> None:
    entries = {name: entry("source") for name in ("on", "off", "idle")}
    connectors = Connectors(entries, {"off": State.STOPPED, "idle": State.PAUSED})

    assert set(wanted_tasks(connectors, EVERY)) == {("on", 0), ("idle", 0)}
    assert set(wanted_tasks(connectors, frozenset({task_partition("on", 0)}))) >= {("on", 0)}
    assert wanted_tasks(connectors, frozenset()) == {}
