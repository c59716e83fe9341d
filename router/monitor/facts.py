"""What a process says of a connector: cumulative, so that a fact that is lost or comes twice does no harm."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["source", "sink"]
Reasons = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Fact:
    """One report of one process about one connector.

    process: unlike any other process, also unlike its own former life. sequence: 1, 2, … counters: events since the
    process began, by what happened to them. reasons: the same for what has a reason, such as dead letters. state: the
    task's own, upper case, empty if it has none here. at, event_at, checkpoint_at: seconds since the epoch, None for
    what has not happened yet.
    """

    connector: str
    kind: Kind
    process: str
    sequence: int
    at: float
    counters: Mapping[str, int]
    reasons: Reasons
    state: str
    event_at: float | None
    checkpoint_at: float | None

    @property
    def events(self) -> int:
        """The events that went through: published by a source, delivered or known already to a sink."""
        names = ("published", "filtered") if self.kind == "source" else ("delivered", "deduplicated")
        return sum(self.counters.get(name, 0) for name in names)

    @property
    def errors(self) -> int:
        """Dead letters, refused requests, failed runs and failed attempts."""
        return sum(sum(counts.values()) for counts in self.reasons.values())

    def value(self) -> bytes:
        """The fact as JSON."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> "Fact":
        """The fact of parsed JSON. Raises TypeError if it is none."""
        return cls(**content)
