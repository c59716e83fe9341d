"""Ours in `kafka_sink`: the Kafka sink, two workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import kafka_sink, webhooks
from benchmarks.ours.envelopes import Content, fill_with_envelopes
from benchmarks.ours.router import WORKERS, running_workers
from benchmarks.processes import Process
from benchmarks.side import Measurement, Run
from benchmarks.topics import PARTITIONS

_TOPIC = "ours-copied.v1"


class RouterKafka:
    """`router worker` with the Kafka sink."""

    def prepare(self, run: Run) -> None:
        """Load the topic."""
        contents = (
            Content(number % PARTITIONS, webhooks.message_id(number), webhooks.body(number))
            for number in range(kafka_sink.EVENTS)
        )
        fill_with_envelopes(run.endpoints, _TOPIC, contents, None)

    def run(self, run: Run) -> Measurement:
        """Copy the topic once."""
        return kafka_sink.measure(self, run)

    @contextmanager
    def copy(self, run: Run, topic: str, log: Path) -> Iterator[Process]:
        """Copy while the context lasts."""
        brokers = run.endpoints.bootstrap_servers
        sink = {
            "connector": "kafka",
            "topics": [_TOPIC],
            "tasks": WORKERS,
            "scopes": {"topics": [_TOPIC], "hosts": [brokers]},
            "config": {"bootstrap_servers": brokers, "topic": topic},
        }
        # The name is the run's, as the position is remembered by it.
        with running_workers(run, log, {"name": run.label, "sinks": {"out": sink}}, {}) as process:
            yield process
