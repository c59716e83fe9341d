"""The outcome of a scenario, as a table for people and as JSON for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from tests.faults.checker import Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario found.

    events: accepted, or produced. faults: injected. duplicated counts effects, and records that the sink was given
    once more than the log has them. recovery_seconds: the worst time from a restart until every partition moved on.
    problems: whatever else was not as promised, each in a sentence. allowed_repetitions: how many duplicates an
    at-least-once sink may make.
    """

    name: str
    seed: int
    events: int
    faults: int
    lost: int
    duplicated: int
    reordered: int
    recovery_seconds: float
    problems: tuple[str, ...] = ()
    allowed_repetitions: int = 0

    @property
    def passed(self) -> bool:
        """Whether everything was as promised."""
        return not (self.lost or self.reordered or self.problems) and self.duplicated <= self.allowed_repetitions


def outcome(
    name: str,
    seed: int,
    *,
    events: int,
    faults: int,
    verdict: Verdict,
    repeated: int = 0,
    recoveries: Sequence[float],
    problems: Sequence[str] = (),
) -> Outcome:
    """The outcome of a run whose history was judged."""
    corrupted = [f"{len(verdict.corrupted)} events arrived changed."] if verdict.corrupted else []
    return Outcome(
        name,
        seed,
        events=events,
        faults=faults,
        lost=len(verdict.lost),
        duplicated=len(verdict.duplicated) + repeated,
        reordered=len(verdict.reordered),
        recovery_seconds=round(max(recoveries, default=0.0), 2),
        problems=(*corrupted, *problems),
    )


def write(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write the outcomes as a JSON list."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([{**asdict(one), "passed": one.passed} for one in outcomes], indent=2) + "\n")


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print the outcomes as a table, and every problem below it."""
    numbers = ("seed", "events", "faults", "lost", "duplicated", "reordered", "recovery")
    table = Table(
        "scenario", *[Column(name, justify="right") for name in numbers], "ok", box=None, padding=(0, 2, 0, 0)
    )
    for one in outcomes:
        passed = "[green]yes[/]" if one.passed else "[red]no[/]"
        counts = [f"{number:,}" for number in (one.seed, one.events, one.faults, one.lost, one.duplicated)]
        table.add_row(one.name, *counts, f"{one.reordered:,}", f"{one.recovery_seconds:.1f} s", passed)
    console.print(table)
    for one in outcomes:
        for problem in one.problems:
            console.print(f"[red]{one.name}, seed {one.seed}:[/] {problem}", highlight=False)
