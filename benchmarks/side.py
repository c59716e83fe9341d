"""What a benchmark consists of: two sides that do the same work, and what a run of one of them measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from router.dev.endpoints import Endpoints


@dataclass(frozen=True, slots=True)
class Measurement:
    """The outcome of one run.

    rate: events or rows per second.
    details: further figures by name with their unit, such as `p99_ms`.
    """

    rate: float
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """What a side is given for one run.

    endpoints: the stack that both sides share.
    label: unique among all runs; names topics, groups and tables, so that no run sees another's.
    scratch: an empty directory of this run, for configuration and logs.
    """

    endpoints: Endpoints
    label: str
    scratch: Path


class Side(Protocol):
    """One product doing the work of one benchmark."""

    def prepare(self, run: Run) -> None:
        """Build or fetch what is needed and load what is consumed; called once, before the first round.

        Raises `MissingProgramError` if something must be installed first.
        """
        ...

    def run(self, run: Run) -> Measurement:
        """Do the work once, from a fresh start of the product.

        Raises `BenchmarkError` if the product stopped, stalled, or did not do all of the work.
        """
        ...


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A figure and its peer.

    name: as given to `--only`.
    unit: of the rates.
    peer_name: the other product, with its version.
    """

    name: str
    unit: str
    peer_name: str
    ours: Side
    peer: Side
