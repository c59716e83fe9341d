"""What was counted, each number by somebody else, and whether it adds up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class SinkCounts:
    """One sink. delivered: as its target counts them; dead_lettered: open dead letters; replayed: those put back."""

    delivered: int
    dead_lettered: int
    replayed: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of one run at one moment.

    posted, accepted: counted by the senders. refused (by reason), repeated (accepted, though the event was there
    before), dropped (by a route): by the ingress. on_topics: records read from Kafka, of which so many are copies of
    another one. sinks: by what people call their targets.
    """

    posted: int
    accepted: int
    refused: Mapping[str, int]
    repeated: int
    dropped: int
    on_topics: int
    copies: int
    sinks: Mapping[str, SinkCounts]


class Line(NamedTuple):
    """One equation: what came in, and what became of it."""

    name: str
    received: int
    parts: Mapping[str, int]

    @property
    def closes(self) -> bool:
        """Whether it adds up, to the event."""
        return self.received == sum(self.parts.values())

    def __str__(self) -> str:
        sum_of = " + ".join(f"{count} {label}" for label, count in self.parts.items())
        sign, verdict = ("=", "closes") if self.closes else ("≠", "DOES NOT CLOSE")
        return f"{self.name}: {self.received} {sign} {sum_of}: {verdict}"


def ways(counts: Counts) -> Iterator[Line]:
    """The equations before the sinks: every request was answered, and everything accepted is on a topic."""
    yield Line("requests", counts.posted, {"accepted": counts.accepted, "refused": sum(counts.refused.values())})
    parts = {"on the topics": counts.on_topics, "repeated": counts.repeated, "dropped by a route": counts.dropped}
    yield Line("accepted", counts.accepted, parts)


def balance(counts: Counts) -> Iterator[Line]:
    """The equation of each sink: received = delivered + duplicates + dead-lettered."""
    for name, sink in counts.sinks.items():
        duplicates = counts.repeated + counts.copies
        parts = {"delivered": sink.delivered, "duplicates": duplicates, "dead-lettered": sink.dead_lettered}
        yield Line(name, counts.accepted - counts.dropped, parts)


def closes(counts: Counts) -> bool:
    """Whether every equation holds."""
    return all(line.closes for line in (*ways(counts), *balance(counts)))
