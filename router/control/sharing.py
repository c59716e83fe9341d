"""Which tasks there should be, and which of them belong to which partition of the topic of tasks."""

from collections.abc import Iterator, Mapping
from zlib import crc32

from router.control.records import Connectors, Entry, TaskId
from router.fetching.states import State
from router.runtime.topics import TASK_PARTITIONS

_HALF = TASK_PARTITIONS // 2
_BASES = [number for number in range(TASK_PARTITIONS) if number % _HALF != _HALF - 1]
_MAX_TASKS = 64


def task_partition(name: str, number: int) -> int:
    """The partition that owns a task.

    Workers that start together get every second partition, and one that comes later a half in one piece: either way
    two of them get one each of two tasks.
    """
    return (_BASES[crc32(name.encode()) % len(_BASES)] + (_HALF + 1) * number) % TASK_PARTITIONS


def task_count(entry: Entry) -> int:
    """How many tasks the connector has; a setting that is no such number is refused where the task is made."""
    tasks = entry.settings.get("tasks", 1)
    return tasks if entry.kind == "sink" and isinstance(tasks, int) and 1 <= tasks <= _MAX_TASKS else 1


def all_tasks(connectors: Connectors) -> Iterator[tuple[str, int, Entry]]:
    """Every task that there should be."""
    for name, entry in connectors.entries.items():
        for number in range(task_count(entry)):
            yield name, number, entry


def wanted_tasks(connectors: Connectors, owned: frozenset[int]) -> Mapping[TaskId, Entry]:
    """The tasks that run, or are paused, in these partitions: those of connectors that are not stopped."""
    return {
        (name, number): entry
        for name, number, entry in all_tasks(connectors)
        if connectors.targets.get(name) is not State.STOPPED and task_partition(name, number) in owned
    }
