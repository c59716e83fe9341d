"""Ours in `ingress`: the webhook source, two processes on one port."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import ingress, webhooks
from benchmarks.load import wrk
from benchmarks.ours.router import running_router
from benchmarks.processes import Process
from benchmarks.side import Measurement, Run

PROCESSES = 2
_REFERENCE = "${env:HOOK_SECRET}"


class RouterIngress:
    """`router ingress` with the webhook source."""

    def prepare(self, run: Run) -> None:  # noqa: ARG002  # nothing is loaded beforehand
        """Find the load generator."""
        wrk()

    def run(self, run: Run) -> Measurement:
        """Load it once."""
        return ingress.measure(self, run)

    @contextmanager
    def serve(self, run: Run, port: int, topic: str, log: Path) -> Iterator[Process]:
        """Take webhooks while the context lasts."""
        source = {
            "connector": "webhook",
            "scopes": {"topics": [topic], "secrets": [_REFERENCE]},
            "config": {"path": ingress.PATH, "verify": {"scheme": "standard_webhooks", "secrets": [_REFERENCE]}},
            "routes": [{"topic": topic}],
        }
        pipeline = {"ingress": {"port": port, "processes": PROCESSES}, "sources": {"hooks": source}}
        with running_router("ingress", run, log, pipeline, {"HOOK_SECRET": webhooks.SECRET}) as process:
            yield process
