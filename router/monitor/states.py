"""The states of a connector's tasks, from what stands in the topic of statuses."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from router.fetching.states import State

_NOT_SEEN_FOR_SECONDS = 20


def task_states(statuses: Mapping[str, Mapping[str, Any]], connector: str, now: float) -> Iterator[State]:
    """The state of each of its tasks; one whose worker has not been seen lately is nobody's.

    statuses: the values of the topic by their keys.
    """
    for key, value in statuses.items():
        match json.loads(key):
            case ["task", name, int()] if name == connector:
                worker = statuses.get(json.dumps(["worker", value["worker_id"]], separators=(",", ":")))
                is_alive = worker is not None and now - _seconds(worker["seen"]) < _NOT_SEEN_FOR_SECONDS
                yield State(value["state"]) if is_alive else State.UNASSIGNED


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
