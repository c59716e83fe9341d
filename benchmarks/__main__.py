"""`python -m benchmarks`: measures each figure beside its peer, on a real broker, registry and Postgres."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from benchmarks.alternation import compare
from benchmarks.catalogue import BENCHMARKS
from benchmarks.failure import BenchmarkError
from benchmarks.ports import free_ports
from benchmarks.report import REPORT, describe, show, write
from benchmarks.side import Benchmark, Measurement
from router.api import ConnectorError
from router.dev.stack import Endpoints, Ports, Stack

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen benchmarks; the exit status is 0 if each gave a figure."""
    options = _parser().parse_args(arguments)
    # A child is stopped by leaving its context, so that SIGTERM must end in leaving it, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console()
    try:
        _run([BENCHMARKS[name] for name in options.only], options.rounds, console)
    except (BenchmarkError, ConnectorError) as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; everything that was started has been stopped.")
        return INTERRUPTED
    return 0


def _run(chosen: Sequence[Benchmark], rounds: int, console: Console) -> None:
    def announce(benchmark: Benchmark, side: str, measurement: Measurement) -> None:
        name = benchmark.peer_name if side == "peer" else "ours"
        console.print(f"{benchmark.name}: {name}: {describe(measurement, benchmark.unit)}", soft_wrap=True)

    with tempfile.TemporaryDirectory(prefix="northfield-con-bench-") as directory:
        home = Path(directory)
        with _running_stack(home / "stack") as endpoints:
            comparisons = [compare(benchmark, endpoints, rounds, home, announce) for benchmark in chosen]
    show(console, comparisons)
    write(comparisons)
    console.print(f"Written to {REPORT}.")


@contextmanager
def _running_stack(home: Path) -> Iterator[Endpoints]:
    """A stack of its own on free ports, so that the user's may go on running."""
    kafka, registry, postgres, controller = free_ports(4)
    stack = Stack(home, Ports(kafka, registry, postgres, controller))
    try:
        yield stack.start()
    finally:
        stack.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        type=_names,
        default=list(BENCHMARKS),
        metavar="A,B",
        help=f"some of {', '.join(BENCHMARKS)} (default: all)",
    )
    parser.add_argument(
        "--rounds", type=_positive, default=3, help="how often each side runs, by turns (default: %(default)s)"
    )
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no benchmark is named {', '.join(unknown)}")
    return names


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one round is needed")
    return number


if __name__ == "__main__":
    sys.exit(main())
