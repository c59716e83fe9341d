"""What became of the events: pure, so that it can itself be proven by faults that are injected into histories."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from tests.faults.events import Place


@dataclass(slots=True)
class Verdict:
    """The events that something happened to that must not happen.

    lost: accepted, and neither delivered nor dead-lettered. duplicated: delivered or dead-lettered once more than
    once, one entry for each time too many. reordered: delivered after a later event of the same key. corrupted:
    delivered with other content than was sent, or never sent at all.
    """

    lost: list[Place] = field(default_factory=list)
    duplicated: list[Place] = field(default_factory=list)
    reordered: list[Place] = field(default_factory=list)
    corrupted: list[Place] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing happened."""
        return not (self.lost or self.duplicated or self.reordered or self.corrupted)


def check(
    offered: Mapping[Place, bytes],
    accepted: Collection[Place],
    delivered: Iterable[tuple[Place, bytes]],
    dead: Iterable[Place] = (),
) -> Verdict:
    """Judge a history.

    offered: the digest of everything that was sent; what was sent and not accepted may arrive, once. accepted: what
    the sender was promised. delivered: in the order of delivery, with the digest of what arrived. dead: what was
    dead-lettered.
    """
    verdict = Verdict()
    seen: set[Place] = set()
    newest: dict[int, int] = {}
    for place, content in delivered:
        if offered.get(place) != content:
            verdict.corrupted.append(place)
        if place in seen:
            verdict.duplicated.append(place)
            continue
        seen.add(place)
        if place.seq < newest.get(place.key, -1):
            verdict.reordered.append(place)
        else:
            newest[place.key] = place.seq
    for place in dead:
        if place in seen:
            verdict.duplicated.append(place)
        seen.add(place)
    verdict.lost = [place for place in accepted if place not in seen]
    return verdict


def surplus(offers: Iterable[str], log: Iterable[str]) -> int:
    """How often a sink was given a record once more than the log has it."""
    left: dict[str, int] = {}
    for event_id in log:
        left[event_id] = left.get(event_id, 0) + 1
    too_many = 0
    for event_id in offers:
        count = left.get(event_id, 0)
        too_many += count == 0
        left[event_id] = max(count - 1, 0)
    return too_many
