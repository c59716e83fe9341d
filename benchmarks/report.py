"""What a run of the benchmarks says: a table for people, `build/bench.json` for programs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.alternation import Comparison, median_details, median_rate
from benchmarks.side import Measurement

REPORT = Path("build") / "bench.json"


def show(console: Console, comparisons: Sequence[Comparison]) -> None:
    """Print the medians and ratios."""
    table = Table(title="Medians; both sides by turns on this machine", show_lines=True)
    table.add_column("benchmark, and its peer")
    table.add_column("unit")
    for heading in ("ours", "theirs", "ratio"):
        table.add_column(heading, justify="right")
    for comparison in comparisons:
        table.add_row(
            f"[bold]{comparison.benchmark.name}[/bold]\n{comparison.benchmark.peer_name}",
            comparison.benchmark.unit,
            _cell(comparison.ours),
            _cell(comparison.peer),
            f"{comparison.ratio:.2f}",
        )
    console.print(table)


def describe(measurement: Measurement, unit: str) -> str:
    """One measurement in a line."""
    return f"{measurement.rate:,.0f} {unit} {_text(measurement.details)}".rstrip()


def write(comparisons: Sequence[Comparison], path: Path = REPORT) -> None:
    """Write the medians, the ratio and the command that repeats each benchmark as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([_entry(comparison) for comparison in comparisons], indent=2) + "\n")


def _entry(comparison: Comparison) -> dict[str, object]:
    name, rounds = comparison.benchmark.name, len(comparison.ours)
    return {
        "name": name,
        "ours": round(median_rate(comparison.ours)),
        "peer": round(median_rate(comparison.peer)),
        "unit": comparison.benchmark.unit,
        "ratio": round(comparison.ratio, 3),
        "command": f"python -m benchmarks --only {name} --rounds {rounds}",
        "peer_name": comparison.benchmark.peer_name,
        "ours_details": median_details(comparison.ours),
        "peer_details": median_details(comparison.peer),
        "ours_rounds": [round(measurement.rate) for measurement in comparison.ours],
        "peer_rounds": [round(measurement.rate) for measurement in comparison.peer],
    }


def _cell(measurements: Sequence[Measurement]) -> str:
    details = (f"{name} {value:,.1f}" for name, value in median_details(measurements).items())
    return "\n".join((f"{median_rate(measurements):,.0f}", *details))


def _text(details: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in details.items())
