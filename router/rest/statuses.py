"""States in Kafka Connect's words, from what is wanted and what workers say."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from router.control.records import Connectors, Entry, Statuses
from router.fetching.states import State

_NOT_SEEN_FOR = timedelta(seconds=20)
"""A worker says every five seconds that it is there."""


class TaskNow(NamedTuple):
    """A task as it is now. since: ISO time, empty if no worker has said anything."""

    number: int
    state: State
    worker: str
    trace: str
    since: str
    version: int | None


class View(NamedTuple):
    """Everything that is known at one moment."""

    connectors: Connectors
    statuses: Statuses
    now: datetime

    @classmethod
    def at_present(cls, connectors: Connectors, statuses: Statuses) -> "View":
        """What is known, now."""
        return cls(connectors, statuses, datetime.now(UTC))

    def target(self, name: str) -> State:
        """What the connector is wanted to be."""
        return self.connectors.targets.get(name, State.RUNNING)

    def state(self, name: str) -> State:
        """What the connector is: as wanted, unless nobody runs it."""
        target = self.target(name)
        if target is not State.RUNNING:
            return target
        tasks = list(self.tasks(name))
        return State.UNASSIGNED if all(task.state is State.UNASSIGNED for task in tasks) else State.RUNNING

    def worst(self, name: str) -> State:
        """The state that somebody who looks should hear of first."""
        states = {task.state for task in self.tasks(name)}
        if self.target(name) is State.STOPPED:
            # That nobody has its tasks is as it should be.
            return State.FAILED if State.FAILED in states else State.STOPPED
        return next((state for state in _WORST_FIRST if state in states), self.state(name))

    def tasks(self, name: str) -> Iterator[TaskNow]:
        """The tasks that it should have; a task whose worker is gone is nobody's."""
        for number in range(task_count(self.connectors.entries[name])):
            status = self.statuses.tasks.get((name, number))
            if status is None or not self.is_alive(status.worker_id):
                yield TaskNow(number, State.UNASSIGNED, "", "", "" if status is None else status.since, None)
            else:
                yield TaskNow(number, status.state, status.worker_id, status.trace or "", status.since, status.version)

    def is_alive(self, worker: str) -> bool:
        """Whether the worker has been seen lately."""
        seen = self.statuses.workers.get(worker)
        return seen is not None and self.now - datetime.fromisoformat(seen.seen) < _NOT_SEEN_FOR

    def has_stopped(self, name: str) -> bool:
        """Whether it is to be stopped, and no worker still runs a task of it."""
        return self.target(name) is State.STOPPED and not any(
            status.state not in _AT_REST and self.is_alive(status.worker_id)
            for (connector, _), status in self.statuses.tasks.items()
            if connector == name
        )


_AT_REST = (State.STOPPED, State.UNASSIGNED)
_WORST_FIRST = (State.FAILED, State.UNASSIGNED, State.RESTARTING)


def task_count(entry: Entry) -> int:
    """How many tasks the connector has."""
    tasks = entry.settings.get("tasks", 1)
    return tasks if entry.kind == "sink" and isinstance(tasks, int) else 1


def state_info(view: View, name: str) -> dict[str, Any]:
    """Connect's answer about a connector's status; one that is stopped has no tasks."""
    is_stopped = view.target(name) is State.STOPPED
    tasks = [] if is_stopped else [task_state(task) for task in view.tasks(name)]
    worker = next((task["worker_id"] for task in tasks if task["worker_id"]), "")
    return {
        "name": name,
        "connector": {"state": view.state(name), "worker_id": worker},
        "tasks": tasks,
        "type": view.connectors.entries[name].kind,
    }


def task_state(task: TaskNow) -> dict[str, Any]:
    """Connect's answer about a task; the error of a failed one is its trace."""
    shown: dict[str, Any] = {"id": task.number, "state": task.state, "worker_id": task.worker}
    return shown | ({"trace": task.trace} if task.state is State.FAILED else {})


def after_restart(info: Mapping[str, Any], *, only_failed: bool) -> dict[str, Any]:
    """The answer to a restart: what is to be restarted is shown as such."""
    tasks = [
        task | {"state": State.RESTARTING} if not only_failed or task["state"] is State.FAILED else task
        for task in info["tasks"]
    ]
    connector = info["connector"] if only_failed else info["connector"] | {"state": State.RESTARTING}
    return {**info, "tasks": tasks, "connector": connector}
