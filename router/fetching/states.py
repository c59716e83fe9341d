"""The states of a task, in Kafka Connect's words."""

from enum import StrEnum


class State(StrEnum):
    """Where a task is in its life. FAILED restarts by itself, unless somebody else has taken the work over."""

    UNASSIGNED = "UNASSIGNED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    RESTARTING = "RESTARTING"
