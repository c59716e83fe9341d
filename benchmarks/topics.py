"""Topics of the benchmarks: created explicitly, filled fast, and counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from benchmarks.failure import BenchmarkError

PARTITIONS = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A record to be preloaded, with its partition given."""

    partition: int
    key: bytes
    value: bytes


def create_topic(bootstrap_servers: str, topic: str) -> None:
    """Create a topic with four partitions."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 4})  # it reports its own end otherwise
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result()


def fill(bootstrap_servers: str, topic: str, entries: Iterable[Entry]) -> None:
    """Create a topic and write the entries to it. Raises `BenchmarkError` if one could not be written."""
    create_topic(bootstrap_servers, topic)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "enable.idempotence": True,
            "compression.type": "lz4",
            "linger.ms": 20,
        }
    )
    failures: list[str] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failures.append(error.str())

    for entry in entries:
        while True:
            try:
                producer.produce(
                    topic,
                    key=entry.key,
                    value=entry.value,
                    partition=entry.partition,
                    on_delivery=delivered,
                )
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    producer.flush()
    if failures:
        raise BenchmarkError(f"{len(failures)} records could not be written to {topic}: {failures[0]}")


def count_records(bootstrap_servers: str, topic: str) -> int:
    """How many records the topic has; exact where nothing was written in transactions."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "benchmarks.count"})
    try:
        offsets = [
            consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
            for partition in range(PARTITIONS)
        ]
    finally:
        consumer.close()
    return sum(high - low for low, high in offsets)


def count_committed(bootstrap_servers: str, topic: str) -> int:
    """How many records of committed transactions the topic has, counted one by one."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "benchmarks.count",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
        count = 0
        ended: set[int | None] = set()
        while len(ended) < PARTITIONS:
            for message in consumer.consume(10_000, 1.0):
                error = message.error()
                if error is None:
                    count += 1
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  librdkafka's local codes begin so
                    ended.add(message.partition())
                else:
                    raise BenchmarkError(f"{topic} cannot be read: {error.str()}")
    finally:
        consumer.close()
    return count


class TopicEnd:
    """Where a topic ends, asked without reading it."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self._topic = topic
        self._consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "benchmarks.end"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._consumer.close()

    def records(self) -> int:
        """How many records are there, the marks of transactions included."""
        ends = [
            self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=30)
            for partition in range(PARTITIONS)
        ]
        return sum(high - low for low, high in ends)
