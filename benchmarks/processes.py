"""Child processes that never outlive the benchmark, and waiting for what they do."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.failure import BenchmarkError

Process = subprocess.Popen[bytes]

STOP_SECONDS = 20
STALL_SECONDS = 300


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Process]:
    """Run a command while the context lasts, its output in `log`; then stop it and all of its children."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # the commands are ours
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            # Ctrl-C then reaches this process only, which stops the children in order.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: Process) -> None:
    """Ask the process group to end, and kill what is left of it."""
    _signal_group(process, signal.SIGTERM)
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    finally:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def wait_until(condition: Callable[[], bool], process: Process, log: Path, *, every_seconds: float = 0.05) -> None:
    """Wait for a condition that the process brings about.

    Raises `BenchmarkError` with the end of its log if the process ended, or if nothing came in five minutes.
    """
    stalled_at = time.monotonic() + STALL_SECONDS
    while not condition():
        if process.poll() is not None:
            raise BenchmarkError(f"{process.args!r} ended with {process.returncode}:\n{tail(log)}")
        if time.monotonic() > stalled_at:
            raise BenchmarkError(f"{process.args!r} made no progress:\n{tail(log)}")
        time.sleep(every_seconds)


def tail(log: Path, lines: int = 30) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _signal_group(process: Process, number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
