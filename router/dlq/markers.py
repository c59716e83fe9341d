"""The markers that say, in the dead-letter topic itself, what has become of dead letters."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from router.delivery.dead_letter import RESOLVES, header_values
from router.kafka.consumer import Consumed
from router.kafka.producer import Message

_PREFIX = "con.dlq."
_LONGEST = 400

Span = tuple[int, int]
"""The first and the last offset of letters that stand next to each other."""


class Outcome(StrEnum):
    """What has become of a dead letter."""

    PUT_BACK = "put_back"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who did what to a dead letter, when and why. plan: the hash of the plan that was applied, if any."""

    outcome: Outcome
    who: str
    why: str
    at: datetime
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Marker:
    """The letters of one partition that a resolution is about."""

    partition: int
    spans: tuple[Span, ...]
    resolution: Resolution


def marker(topic: str, partition: int, offsets: Iterable[int], resolution: Resolution) -> Message:
    """The message for the dead-letter topic; it goes to the partition of the letters. offsets: ascending."""
    places = ",".join(f"{first}-{last}" if last > first else str(first) for first, last in spans(offsets))
    told = {
        "resolves": f"{partition}:{places}",
        "outcome": resolution.outcome,
        "who": resolution.who,
        "why": resolution.why[:_LONGEST],
        "at": str(int(resolution.at.timestamp() * 1000)),
        "plan": resolution.plan,
    }
    return Message(topic, None, None, [(f"{_PREFIX}{name}", value.encode()) for name, value in told.items()], partition)


def marker_of(record: Consumed) -> Marker | None:
    """The marker that a record of a dead-letter topic is; None if it is none that makes sense."""
    if record.value is not None:
        return None
    headers = header_values(record.headers)
    if RESOLVES not in headers:
        return None
    partition, _, places = headers[RESOLVES].partition(":")
    try:
        resolution = Resolution(
            Outcome(headers.get("con.dlq.outcome", Outcome.PUT_BACK)),
            headers.get("con.dlq.who", ""),
            headers.get("con.dlq.why", ""),
            datetime.fromtimestamp(int(headers.get("con.dlq.at") or record.timestamp_ms) / 1000, UTC),
            headers.get("con.dlq.plan", ""),
        )
        return Marker(int(partition), tuple(_parsed(places)), resolution)
    except (ValueError, OverflowError):
        return None


def spans(offsets: Iterable[int]) -> Sequence[Span]:
    """Ascending offsets as spans without a gap."""
    found: list[Span] = []
    for offset in offsets:
        if found and offset == found[-1][1] + 1:
            found[-1] = (found[-1][0], offset)
        else:
            found.append((offset, offset))
    return found


def _parsed(places: str) -> Iterator[Span]:
    for place in places.split(","):
        first, _, last = place.partition("-")
        yield int(first), int(last or first)
