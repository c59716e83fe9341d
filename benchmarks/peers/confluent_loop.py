"""The peer of `kafka_sink`: a bare loop of confluent-kafka that consumes, produces and commits in transactions.

`python -m benchmarks.peers.confluent_loop BROKERS SOURCE TARGET GROUP TRANSACTIONAL_ID` is one of its processes.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition, version

from benchmarks import kafka_sink, webhooks
from benchmarks.processes import Process, running
from benchmarks.side import Measurement, Run
from benchmarks.topics import PARTITIONS, Entry, fill

NAME = f"a bare loop of confluent-kafka {version()}"
_TOPIC = "peer-copied.v1"
_PROCESSES = 2
_BATCH = 2_000
_WAIT_SECONDS = 0.1


class ConfluentLoop:
    """Two processes in a consumer group; the offsets go with the records' transaction."""

    def prepare(self, run: Run) -> None:
        """Load the topic."""
        entries = (
            Entry(number % PARTITIONS, webhooks.message_id(number).encode(), webhooks.body(number))
            for number in range(kafka_sink.EVENTS)
        )
        fill(run.endpoints.bootstrap_servers, _TOPIC, entries)

    def run(self, run: Run) -> Measurement:
        """Copy the topic once."""
        return kafka_sink.measure(self, run)

    @contextmanager
    def copy(self, run: Run, topic: str, log: Path) -> Iterator[Process]:
        """Copy while the context lasts; the process is the first of them."""
        command = (sys.executable, "-m", "benchmarks.peers.confluent_loop")
        common = (run.endpoints.bootstrap_servers, _TOPIC, topic, f"peer-{run.label}")
        with ExitStack() as stack:
            processes = [
                stack.enter_context(running((*command, *common, f"peer-{run.label}-{number}"), log))
                for number in range(_PROCESSES)
            ]
            yield processes[0]


def copy(brokers: str, source: str, target: str, group: str, transactional_id: str) -> None:
    """Copy until the process is stopped."""
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": group,
            "group.protocol": "consumer",
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": brokers,
            "transactional.id": transactional_id,
            "compression.type": "lz4",
            "linger.ms": 5,
        }
    )
    producer.init_transactions()
    consumer.subscribe([source])
    while True:
        messages = [message for message in consumer.consume(_BATCH, _WAIT_SECONDS) if message.error() is None]
        if not messages:
            continue
        producer.begin_transaction()
        following: dict[int, int] = {}
        for message in messages:
            producer.produce(target, message.value(), message.key())
            following[message.partition() or 0] = (message.offset() or 0) + 1
        offsets = [TopicPartition(source, partition, offset) for partition, offset in following.items()]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        producer.commit_transaction()


if __name__ == "__main__":
    copy(*sys.argv[1:])
