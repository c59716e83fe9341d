"""Kafka to signed HTTP POSTs: events per second, delivered to a receiver that answers 204 at once."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from benchmarks.processes import Process
from benchmarks.progress import delivery_rate
from benchmarks.receiver import receiver
from benchmarks.side import Measurement, Run

EVENTS = 200_000
IN_FLIGHT = 128


class HttpSender(Protocol):
    """A product that delivers a topic preloaded with `EVENTS` webhooks of 1 KB by HTTP."""

    def send(self, run: Run, url: str, log: Path) -> AbstractContextManager[Process]:
        """Deliver its topic from the beginning to the URL while the context lasts."""
        ...


def measure(product: HttpSender, run: Run) -> Measurement:
    """Let the product deliver everything, and count at the receiver."""
    log = run.scratch / "sender.log"
    with receiver(run.scratch) as counting:
        url = f"http://127.0.0.1:{counting.port}/events"
        with product.send(run, url, log) as process:
            return Measurement(delivery_rate(counting.received, EVENTS, process, log))
