"""A topic into another one, in transactions: events per second, each exactly once for readers of what is committed."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from benchmarks.failure import BenchmarkError
from benchmarks.processes import Process, wait_until
from benchmarks.progress import delivery_rate
from benchmarks.side import Measurement, Run
from benchmarks.topics import TopicEnd, count_committed, create_topic

EVENTS = 400_000


class Copier(Protocol):
    """A product that copies a topic preloaded with `EVENTS` webhooks of 1 KB into another one."""

    def copy(self, run: Run, topic: str, log: Path) -> AbstractContextManager[Process]:
        """Copy its topic from the beginning into the other one while the context lasts."""
        ...


def measure(product: Copier, run: Run) -> Measurement:
    """Let the product copy everything into a new topic, and count what is committed there."""
    brokers, log, topic = run.endpoints.bootstrap_servers, run.scratch / "copier.log", f"{run.label}-copies"
    create_topic(brokers, topic)
    with TopicEnd(brokers, topic) as end, product.copy(run, topic, log) as process:
        rate = delivery_rate(end.records, EVENTS, process, log)
        # The end also counts the marks of transactions.
        wait_until(lambda: count_committed(brokers, topic) >= EVENTS, process, log)
    written = count_committed(brokers, topic)
    if written != EVENTS:
        raise BenchmarkError(f"{EVENTS} events were to be copied, and {written} records are in {topic}.")
    return Measurement(rate)
