"""The two sides by turns, so that what else the machine does hits both alike; the medians count."""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.side import Benchmark, Measurement, Run, Side
from router.dev.endpoints import Endpoints

Announce = Callable[[Benchmark, str, Measurement], None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All measurements of one benchmark, in the order they were made."""

    benchmark: Benchmark
    ours: Sequence[Measurement]
    peer: Sequence[Measurement]

    @property
    def ratio(self) -> float:
        """How many times the peer's median rate ours is."""
        return median_rate(self.ours) / median_rate(self.peer)


def median_rate(measurements: Sequence[Measurement]) -> float:
    """The median of the rates."""
    return statistics.median(measurement.rate for measurement in measurements)


def median_details(measurements: Sequence[Measurement]) -> dict[str, float]:
    """The median of each further figure."""
    return {
        name: statistics.median(measurement.details[name] for measurement in measurements)
        for name in measurements[0].details
    }


def compare(benchmark: Benchmark, endpoints: Endpoints, rounds: int, home: Path, announce: Announce) -> Comparison:
    """Run ours and the peer by turns, `rounds` times each, and announce each measurement.

    Raises what the sides raise.
    """
    label = benchmark.name.replace("_", "-")
    sides: dict[str, Side] = {"ours": benchmark.ours, "peer": benchmark.peer}
    measured: dict[str, list[Measurement]] = {name: [] for name in sides}
    for name, side in sides.items():
        with _scratch(home) as scratch:
            side.prepare(Run(endpoints, f"{label}-{name}-preparation", scratch))
    for number in range(1, rounds + 1):
        for name, side in sides.items():
            with _scratch(home) as scratch:
                measurement = side.run(Run(endpoints, f"{label}-{name}-{number}", scratch))
            measured[name].append(measurement)
            announce(benchmark, name, measurement)
    return Comparison(benchmark, measured["ours"], measured["peer"])


@contextmanager
def _scratch(home: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="run-", dir=home) as directory:
        yield Path(directory)
