"""Signed webhooks into Kafka: events per second with 256 connections, 1 KB bodies and acks=all."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from benchmarks.failure import BenchmarkError
from benchmarks.load import send_webhooks
from benchmarks.ports import free_port, listening
from benchmarks.processes import Process, wait_until
from benchmarks.side import Measurement, Run
from benchmarks.topics import count_records, create_topic

PATH = "/hooks"


class Ingress(Protocol):
    """A product that takes webhooks at `PATH`."""

    def serve(self, run: Run, port: int, topic: str, log: Path) -> AbstractContextManager[Process]:
        """Take webhooks on the port while the context lasts, writing them to the topic."""
        ...


def measure(product: Ingress, run: Run) -> Measurement:
    """Load the product; every webhook it accepted must be in the topic afterwards."""
    brokers, topic, port = run.endpoints.bootstrap_servers, f"hooks-{run.label}.v1", free_port()
    create_topic(brokers, topic)
    log = run.scratch / "ingress.log"
    with product.serve(run, port, topic, log) as process:
        wait_until(lambda: listening(port), process, log)
        warm_up, measured = send_webhooks(port, PATH, run.scratch)
    accepted, written = warm_up.accepted + measured.accepted, count_records(brokers, topic)
    if written < accepted:
        raise BenchmarkError(f"{accepted} webhooks were accepted, but only {written} are in the topic.")
    return Measurement(measured.accepted / measured.seconds, {"p50_ms": measured.p50_ms, "p99_ms": measured.p99_ms})
