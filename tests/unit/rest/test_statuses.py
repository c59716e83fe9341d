from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.control.records import Connectors, Entry, Statuses, TaskStatus, WorkerSeen
from router.fetching.states import State
from router.rest.statuses import View, after_restart, state_info

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def _view(target: State | None, *states: State, tasks: int = 1, seen: timedelta = timedelta(0)) -> View:
    entry = Entry("sink", {"connector": "http", "tasks": tasks}, "api", 1, NOW.isoformat(), "ann")
    said = {
        ("a", number): TaskStatus(state, "w1", "E: why" if state is State.FAILED else "", NOW.isoformat(), 1)
        for number, state in enumerate(states)
    }
    workers = {"w1": WorkerSeen(NOW.isoformat(), (NOW - seen).isoformat())}
    return View(Connectors({"a": entry}, {"a": target} if target else {}), Statuses(said, workers), NOW)


def _states(info: Any) -> tuple[str, list[str]]:
    return info["connector"]["state"], [task["state"] for task in info["tasks"]]


@pytest.mark.parametrize(
    ("view", "connector", "tasks"),
    [
        (_view(None, State.RUNNING), "RUNNING", ["RUNNING"]),
        (_view(None), "UNASSIGNED", ["UNASSIGNED"]),
        (_view(None, State.RUNNING, tasks=2), "RUNNING", ["RUNNING", "UNASSIGNED"]),
        (_view(None, State.FAILED), "RUNNING", ["FAILED"]),
        (_view(State.PAUSED, State.RUNNING), "PAUSED", ["RUNNING"]),
        (_view(State.STOPPED, State.STOPPED), "STOPPED", []),
        (_view(State.RUNNING, State.RUNNING, State.RUNNING, tasks=1), "RUNNING", ["RUNNING"]),
        (_view(None, State.RUNNING, seen=timedelta(seconds=30)), "UNASSIGNED", ["UNASSIGNED"]),
        (_view(None, State.RUNNING, seen=timedelta(seconds=10)), "RUNNING", ["RUNNING"]),
    ],
)
def test_states_are_connects(view: View, connector: str, tasks: list[str]) -> None:
    assert _states(state_info(view, "a")) == (connector, tasks)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (_view(None, State.RUNNING, State.FAILED, tasks=2), State.FAILED),
        (_view(None, State.RUNNING, tasks=2), State.UNASSIGNED),
        (_view(None, State.RUNNING), State.RUNNING),
        (_view(State.PAUSED, State.PAUSED), State.PAUSED),
        (_view(State.STOPPED, State.STOPPED), State.STOPPED),
        (_view(State.STOPPED), State.STOPPED),
    ],
)
def test_people_hear_of_the_worst_first(view: View, expected: State) -> None:
    assert view.worst("a") is expected


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (_view(State.STOPPED), True),
        (_view(State.STOPPED, State.STOPPED), True),
        (_view(State.STOPPED, State.RUNNING), False),
        (_view(State.STOPPED, State.STOPPED, State.RUNNING, tasks=1), False),
        (_view(State.STOPPED, State.RUNNING, seen=timedelta(minutes=1)), True),
        (_view(State.PAUSED, State.STOPPED), False),
    ],
)
def test_offsets_move_only_when_no_worker_runs_a_task(view: View, expected: bool) -> None:
    assert view.has_stopped("a") is expected


def test_a_restart_of_what_failed_shows_only_that_as_restarting() -> None:
    info = state_info(_view(None, State.RUNNING, State.FAILED, tasks=2), "a")

    assert _states(after_restart(info, only_failed=True)) == ("RUNNING", ["RUNNING", "RESTARTING"])
    assert _states(after_restart(info, only_failed=False)) == ("RESTARTING", ["RESTARTING", "RESTARTING"])
