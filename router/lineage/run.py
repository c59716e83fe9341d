"""A connector's runs, as something happens to it: what is told of them, without waiting for anything."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from openlineage.client.event_v2 import RunState
from openlineage.client.uuid import generate_new_uuid

from router.api import Reason
from router.api.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Job:
    """A connector: what it reads and writes. reads, writes: topics; outside: what it declares itself, by its config."""

    namespace: str
    name: str
    kind: str
    connector: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    outside: tuple[Dataset, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell. counts: the run's events so far, by topic, or under `""` where topics are not told apart."""

    job: Job
    run: str
    state: RunState
    at: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    reason: Reason | None = None


class Runs:
    """The runs of one job, one after the other. All methods return at once."""

    def __init__(self, job: Job, tell: Callable[[Notice], None]) -> None:
        self._job = job
        self._tell = tell
        self._run: str | None = None
        self._counts: Counter[str] = Counter()

    def start(self) -> None:
        """It runs; nothing new if it did already."""
        if self._run is None:
            self._run = str(generate_new_uuid())
            self._counts.clear()
            self._note(RunState.START)

    def count(self, events: int, topic: str = "") -> None:
        """So many more events have gone through."""
        self._counts[topic] += events

    def go_on(self) -> None:
        """Say that it still runs, if it does."""
        if self._run is not None:
            self._note(RunState.RUNNING)

    def end(self, state: RunState, reason: Reason | None = None) -> None:
        """It runs no longer; nothing new if it did not."""
        if self._run is not None:
            self._note(state, reason)
            self._run = None

    def complete(self) -> None:
        """It has ended as it was told to."""
        self.end(RunState.COMPLETE)

    def _note(self, state: RunState, reason: Reason | None = None) -> None:
        if self._run is not None:
            self._tell(Notice(self._job, self._run, state, datetime.now(UTC), dict(self._counts), reason))
