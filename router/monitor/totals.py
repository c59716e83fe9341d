"""Folds the facts of all processes into what one connector has done."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from router.monitor.facts import Fact

_FORGET_SECONDS = 86_400
_MOST_PROCESSES = 50


class Growth(NamedTuple):
    """What has been added by one fact."""

    events: int
    errors: int


@dataclass(frozen=True, slots=True)
class Totals:
    """A connector's last fact of each process, and the sums of the processes that are long gone."""

    processes: Mapping[str, Fact] = field(default_factory=dict)
    counters: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def with_fact(self, fact: Fact) -> tuple["Totals", Growth]:
        """The totals with the fact, and what it adds: nothing if it, or a later one of its process, is in already."""
        before = self.processes.get(fact.process)
        if before is not None and before.sequence >= fact.sequence:
            return self, Growth(0, 0)
        processes = {**self.processes, fact.process: fact}
        newest_first = sorted(processes.values(), key=lambda one: one.at, reverse=True)
        gone = [
            one
            for index, one in enumerate(newest_first)
            if index >= _MOST_PROCESSES or fact.at - one.at > _FORGET_SECONDS
        ]
        for one in gone:
            del processes[one.process]
        totals = Totals(
            processes,
            _sum([self.counters, *(one.counters for one in gone)]),
            _sum_reasons([self.reasons, *(one.reasons for one in gone)]),
        )
        return totals, _growth(before, fact)

    def all_counters(self) -> dict[str, int]:
        """The events since the first fact, by what happened to them."""
        return _sum([self.counters, *(fact.counters for fact in self.processes.values())])

    def all_reasons(self) -> dict[str, dict[str, int]]:
        """The same for what has a reason."""
        return _sum_reasons([self.reasons, *(fact.reasons for fact in self.processes.values())])

    def newest(self, now: float, seconds: float) -> list[Fact]:
        """The facts of the processes that have reported within so long, the newest first."""
        return sorted(
            (fact for fact in self.processes.values() if now - fact.at <= seconds), key=lambda one: one.at, reverse=True
        )

    def document(self) -> dict[str, Any]:
        """As JSON, for a table."""
        return asdict(self)

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "Totals":
        """What `document` has made."""
        processes = {name: Fact.parse(fact) for name, fact in document["processes"].items()}
        return cls(processes, document["counters"], document["reasons"])


def _growth(before: Fact | None, fact: Fact) -> Growth:
    if before is None and fact.sequence > 1:
        # Nobody watched while the process did this: it is no part of the last minute.
        return Growth(0, 0)
    events, errors = (before.events, before.errors) if before else (0, 0)
    return Growth(max(0, fact.events - events), max(0, fact.errors - errors))


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


def _sum_reasons(reasons: Iterable[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    found = list(reasons)
    names = {name for one in found for name in one}
    return {name: _sum(one.get(name, {}) for one in found) for name in sorted(names)}
