"""A topic that the Kafka sink writes to, and a look at what is committed in it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # not in its list of names
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)
from confluent_kafka.cimpl import NewTopic

from router.dev.endpoints import Endpoints

_SECONDS = 20


class Seen(NamedTuple):
    """A record as a reader of what is committed sees it."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]
    timestamp: int

    def text(self, header: str) -> str:
        return self.headers[header].decode()


class Topic:
    """A topic of its own, made at once."""

    def __init__(
        self, endpoints: Endpoints, name: str, config: Mapping[str, str] | None = None, partitions: int = 1
    ) -> None:
        self.name = name
        self.settings: dict[str, Any] = {"bootstrap_servers": endpoints.bootstrap_servers, "topic": name}
        self._servers = endpoints.bootstrap_servers
        self._partitions = partitions
        self._admin = AdminClient({"bootstrap.servers": self._servers})
        made = NewTopic(name, partitions, 1, config=dict(config or {}))
        self._admin.create_topics([made])[name].result(_SECONDS)

    def read(self, isolation: str = "read_committed") -> list[Seen]:
        """Everything up to the end, partition by partition."""
        return read(self._servers, self.name, self._partitions, isolation)

    def change(self, name: str, value: str) -> None:
        """Give a setting of the topic another value."""
        change(self._servers, self.name, name, value)

    def delete(self) -> None:
        """The topic is gone."""
        self._admin.delete_topics([self.name])[self.name].result(_SECONDS)


def change(servers: str, topic: str, name: str, value: str) -> None:
    """Give a setting of a topic another value."""
    admin = AdminClient({"bootstrap.servers": servers})
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    changed = ConfigResource("topic", topic, incremental_configs=[entry])
    for future in admin.incremental_alter_configs([changed]).values():
        future.result(_SECONDS)


def settings(servers: str, topic: str) -> dict[str, str | None]:
    """The settings of a topic."""
    admin = AdminClient({"bootstrap.servers": servers})
    asked = admin.describe_configs([ConfigResource("topic", topic)])
    return {name: entry.value for future in asked.values() for name, entry in future.result(_SECONDS).items()}


def read(servers: str, topic: str, partitions: int = 1, isolation: str = "read_committed") -> list[Seen]:
    """Everything of a topic up to its end, partition by partition."""
    reading = {"group.id": topic, "isolation.level": isolation, "enable.partition.eof": True}
    consumer = Consumer({"bootstrap.servers": servers, "enable.auto.commit": False, **reading})
    consumer.assign([Place(topic, number, OFFSET_BEGINNING) for number in range(partitions)])
    seen: list[Seen] = []
    ended: set[int | None] = set()
    while len(ended) < partitions:
        for message in consumer.consume(1_000, 0.1):
            error = message.error()
            if error is None:
                seen.append(_seen(message))
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error
                ended.add(message.partition())
    consumer.close()
    return sorted(seen, key=lambda one: one.partition)


def noise(size: int) -> bytes:
    """Bytes that no compression makes fewer."""
    state, made = 1, bytearray()
    while len(made) < size:
        state = state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407 & (1 << 64) - 1
        made += (state >> 32).to_bytes(4, "big")
    return bytes(made)


def _seen(message: "Message[Any, Any]") -> Seen:
    headers = message.headers()
    pairs = headers if isinstance(headers, list) else []
    texts = {name: value for name, value in pairs if isinstance(value, bytes)}
    return Seen(message.partition() or 0, message.key(), message.value(), texts, message.timestamp()[1])
