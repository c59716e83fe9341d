"""The load generator of the ingress benchmark: wrk, one thread, 256 connections kept alive."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks import webhooks
from benchmarks.failure import BenchmarkError
from benchmarks.programs import program
from router.dev.endpoints import HOST

CONNECTIONS = 256
WARM_UP_SECONDS = 3
MEASURED_SECONDS = 10
# More than two cores can take, so that no webhook is sent twice.
MOST_PER_SECOND = 40_000


@dataclass(frozen=True, slots=True)
class Load:
    """What the senders saw.

    accepted: answers with a status below 400.
    """

    accepted: int
    seconds: float
    p50_ms: float
    p99_ms: float


def wrk() -> str:
    """The path of wrk. Raises `MissingProgramError`."""
    return program("wrk", "wrk")


def send_webhooks(port: int, path: str, scratch: Path) -> tuple[Load, Load]:
    """Send signed webhooks as fast as they are answered: first to warm up, then measured; both are returned.

    Raises `BenchmarkError` if a request was refused or a connection broke.
    """
    signatures = scratch / "webhooks.txt"
    webhooks.write_signatures(signatures, (WARM_UP_SECONDS + MEASURED_SECONDS) * MOST_PER_SECOND)
    warm_up = _send(port, path, signatures, WARM_UP_SECONDS, first=0)
    measured = _send(port, path, signatures, MEASURED_SECONDS, first=WARM_UP_SECONDS * MOST_PER_SECOND)
    signatures.unlink()
    return warm_up, measured


def _send(port: int, path: str, signatures: Path, seconds: int, *, first: int) -> Load:
    command = [wrk(), "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s"]
    script = Path(__file__).with_name("webhooks.lua")
    command += ["--script", str(script), "--latency", f"http://{HOST}:{port}"]
    command += ["--", str(signatures), path, str(first)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # the command is ours
    if done.returncode != 0:
        raise BenchmarkError(f"wrk failed: {done.stderr or done.stdout}")
    figures = json.loads(done.stdout.splitlines()[-1])
    if figures["refused"] or figures["broken"]:
        raise BenchmarkError(f"{figures['refused']} webhooks were refused, {figures['broken']} connections broke.")
    return Load(figures["requests"], figures["seconds"], figures["p50_ms"], figures["p99_ms"])
