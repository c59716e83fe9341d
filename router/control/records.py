"""What stands in the topics of the control plane: connectors, what they are wanted to be, and what their tasks are."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from router.fetching.states import State
from router.kafka.consumer import Consumed

Kind = Literal["source", "sink"]
TaskId = tuple[str, int]
"""A connector's name and the number of one of its tasks, from 0."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A connector. settings: as in YAML below its name; secrets are references. changed_at: ISO time."""

    kind: Kind
    settings: Mapping[str, Any]
    origin: Literal["file", "api"]
    version: int
    changed_at: str
    changed_by: str


@dataclass(frozen=True, slots=True)
class Restart:
    """That a connector is to restart. at: ISO time; task: one of them only."""

    at: str
    task: int | None
    only_failed: bool


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """What a worker says of a task. trace: its error, empty if it has none. version: of the entry that it runs."""

    state: State
    worker_id: str
    trace: str
    since: str
    version: int


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """That a worker is there. since, seen: ISO times."""

    since: str
    seen: str


@dataclass(frozen=True, slots=True)
class Connectors:
    """The topic of connectors at one moment, by connector's name. No target: RUNNING."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    targets: Mapping[str, State] = field(default_factory=dict)
    restarts: Mapping[str, Restart] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statuses:
    """The topic of statuses at one moment."""

    tasks: Mapping[TaskId, TaskStatus] = field(default_factory=dict)
    workers: Mapping[str, WorkerSeen] = field(default_factory=dict)


def key(*parts: str | int) -> bytes:
    """A record's key."""
    return json.dumps(list(parts), ensure_ascii=False, separators=(",", ":")).encode()


def value(content: Entry | Restart | TaskStatus | WorkerSeen | State) -> bytes:
    """A record's value."""
    shown = {"state": content} if isinstance(content, State) else asdict(content)
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def fold_connectors(records: Iterable[Consumed]) -> Connectors:
    """The last value of each key; what is no record of ours is left out."""
    entries: dict[str, Entry] = {}
    targets: dict[str, State] = {}
    restarts: dict[str, Restart] = {}
    for parts, content in _latest(records).items():
        # A record that somebody else wrote must not stop whoever reads the topic.
        with suppress(TypeError, KeyError, ValueError):
            match parts:
                case ("connector", str(name)):
                    entries[name] = Entry(**content)
                case ("target", str(name)):
                    targets[name] = State(content["state"])
                case ("restart", str(name)):
                    restarts[name] = Restart(**content)
    return Connectors(entries, targets, restarts)


def fold_statuses(records: Iterable[Consumed]) -> Statuses:
    """The last value of each key; what is no record of ours is left out."""
    tasks: dict[TaskId, TaskStatus] = {}
    workers: dict[str, WorkerSeen] = {}
    for parts, content in _latest(records).items():
        with suppress(TypeError, KeyError, ValueError):
            match parts:
                case ("task", str(name), int(number)):
                    tasks[name, number] = TaskStatus(**{**content, "state": State(content["state"])})
                case ("worker", str(worker)):
                    workers[worker] = WorkerSeen(**content)
    return Statuses(tasks, workers)


def _latest(records: Iterable[Consumed]) -> dict[tuple[str | int, ...], dict[str, Any]]:
    latest: dict[tuple[str | int, ...], dict[str, Any]] = {}
    for record in records:
        with suppress(TypeError, ValueError, RecursionError):
            parts = tuple(json.loads(record.key or b""))
            latest.pop(parts, None)
            if record.value is not None:
                latest[parts] = json.loads(record.value)
    return latest
