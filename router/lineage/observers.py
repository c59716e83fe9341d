"""The life of sources and sinks as runs."""

from openlineage.client.event_v2 import RunState

from router.api import Reason
from router.fetching.observer import Emission
from router.fetching.states import State
from router.lineage.run import Runs

_ENDS = {
    State.PAUSED: RunState.COMPLETE,
    State.STOPPED: RunState.COMPLETE,
    State.UNASSIGNED: RunState.ABORT,
    State.RESTARTING: RunState.ABORT,
    State.FAILED: RunState.FAIL,
}


class SourceLineage:
    """A `TaskObserver`: each stretch of RUNNING is a run."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._reason: Reason | None = None

    def committed(self, emission: Emission) -> None:
        """Records are durable."""
        for topic, count in emission.published.items():
            self._runs.count(count, topic)

    def failed(self, reason: Reason) -> None:
        """A run of the source ended with an error; if it is grave, FAILED follows."""
        self._reason = reason

    def state(self, state: State) -> None:
        """The task is in this state now."""
        if state is State.RUNNING:
            self._runs.start()
        elif state in _ENDS:
            self._runs.end(_ENDS[state], self._reason if state is State.FAILED else None)


class SinkLineage:
    """A `DeliveryObserver`: from the agent's start to its end is a run."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._reason: Reason | None = None

    def delivered(self, events: int, duplicates: int, seconds: float) -> None:  # noqa: ARG002  the metrics measure
        """A write returned."""
        self._runs.count(events - duplicates)
        self._reason = None

    def deduplicated(self, events: int) -> None:
        """Nothing to tell."""

    def failed(self, reason: Reason, retry_in_seconds: float) -> None:  # noqa: ARG002  the log says when
        """A write raised, and will be repeated."""
        self._reason = reason

    def dead_lettered(self, reason: Reason) -> None:
        """Nothing to tell."""

    def state(self, state: str) -> None:
        """The agent is `running`, `stopped` or `failed`."""
        match state:
            case "running":
                self._runs.start()
            case "stopped":
                self._runs.end(RunState.COMPLETE)
            case "failed":
                self._runs.end(RunState.FAIL, self._reason or Reason.INTERNAL_BUG)

    def buffered(self, change: int) -> None:
        """Nothing to tell."""

    def left_alone(self, is_left_alone: bool) -> None:
        """Nothing to tell."""
