"""Topics are made by us, with explicit settings, and known by their id."""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from confluent_kafka import OFFSET_END, KafkaError, KafkaException, TopicCollection
from confluent_kafka import TopicPartition as Offset
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from router.api import ConnectorError, Reason, TopicPartition
from router.kafka.clients import connection
from router.kafka.errors import translate

_TIMEOUT_SECONDS = 5
_SETTLE_SECONDS = 30
_COMPACTED = {
    "cleanup.policy": "compact",
    # Small segments, cleaned early: the topic is read from its beginning at every start.
    "segment.bytes": str(16_777_216),
    "segment.ms": str(600_000),
    "min.cleanable.dirty.ratio": "0.1",
}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is made. retention_hours None: for ever. compact: only the newest record of a key is kept."""

    partitions: int
    replication_factor: int
    min_insync_replicas: int
    retention_hours: int | None
    compact: bool = False

    def config(self) -> dict[str, str]:
        """The topic's settings in Kafka's words."""
        retention = -1 if self.retention_hours is None else self.retention_hours * 3_600_000
        return (_COMPACTED if self.compact else {}) | {
            "min.insync.replicas": str(self.min_insync_replicas),
            "retention.ms": str(retention),
            "max.message.bytes": str(67_108_864),
        }


class Topics:
    """The cluster's topics."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._admin = AdminClient(connection(bootstrap_servers, "con-topics"))
        self._ids: dict[str, tuple[str, str]] = {}

    async def ensure(self, specs: Mapping[str, TopicSpec]) -> None:
        """Make the topics that are missing; one that exists is left as it is.

        Raises ConnectorError: BROKER_UNAVAILABLE, BROKER_TIMEOUT, PERMISSION_DENIED.
        """
        await asyncio.to_thread(self._ensure, specs)

    async def partition(self, topic: str, number: int) -> TopicPartition:
        """The partition with the ids of its cluster and topic."""
        if topic not in self._ids:
            self._ids[topic] = await asyncio.to_thread(self._identify, topic)
        cluster_id, topic_id = self._ids[topic]
        return TopicPartition(cluster_id, topic_id, topic, number)

    async def empty(self, topic: str, numbers: Collection[int]) -> None:
        """Delete all records of these partitions, modulo how many there are; nothing if there is no such topic.

        Raises ConnectorError: BROKER_UNAVAILABLE, BROKER_TIMEOUT, PERMISSION_DENIED.
        """
        await asyncio.to_thread(self._empty, topic, numbers)

    async def count(self, topics: Collection[str]) -> int:
        """How many partitions these topics have in all. Raises ConnectorError."""
        return await asyncio.to_thread(self._count, topics)

    def _count(self, topics: Collection[str]) -> int:
        try:
            known = self._admin.list_topics(timeout=_TIMEOUT_SECONDS).topics
        except KafkaException as error:
            raise translate(error, "listing the topics") from error
        return sum(len(known[topic].partitions) for topic in topics if topic in known)

    def _empty(self, topic: str, numbers: Collection[int]) -> None:
        try:
            found = self._admin.list_topics(timeout=_TIMEOUT_SECONDS).topics.get(topic)
            if found is None:
                return
            count = len(found.partitions)
            # Everything up to the end.
            wanted = [Offset(topic, number, OFFSET_END) for number in {number % count for number in numbers}]
            for future in self._admin.delete_records(wanted, request_timeout=_TIMEOUT_SECONDS).values():
                future.result()
        except KafkaException as error:
            raise translate(error, f"emptying {topic}") from error

    def _ensure(self, specs: Mapping[str, TopicSpec]) -> None:
        existing = self._existing()
        missing = {name: spec for name, spec in specs.items() if name not in existing}
        if not missing:
            return
        created = self._admin.create_topics(
            [
                NewTopic(name, spec.partitions, spec.replication_factor, config=spec.config())
                for name, spec in missing.items()
            ],
            request_timeout=_TIMEOUT_SECONDS,
        )
        for name, future in created.items():
            try:
                future.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise translate(error, f"creating topic {name}") from error
        self._await_leaders(missing)

    def _existing(self) -> Collection[str]:
        try:
            return self._admin.list_topics(timeout=_TIMEOUT_SECONDS).topics.keys()
        except KafkaException as error:
            raise translate(error, "listing the topics") from error

    def _await_leaders(self, names: Collection[str]) -> None:
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            topics = self._admin.list_topics(timeout=_TIMEOUT_SECONDS).topics
            if all(
                name in topics
                and topics[name].partitions
                and all(p.leader >= 0 for p in topics[name].partitions.values())
                for name in names
            ):
                return
            time.sleep(0.05)
        raise ConnectorError(Reason.BROKER_TIMEOUT, "New topics had no leader within 30 seconds.")

    def _identify(self, topic: str) -> tuple[str, str]:
        try:
            cluster = self._admin.describe_cluster(request_timeout=_TIMEOUT_SECONDS).result().cluster_id
            if not cluster:
                # Positions are kept under it; another name for the same cluster would lose them.
                raise ConnectorError(Reason.BROKER_UNAVAILABLE, "The broker does not say which cluster it is of.")
            described = self._admin.describe_topics(TopicCollection([topic]), request_timeout=_TIMEOUT_SECONDS)
            return cluster, str(described[topic].result().topic_id)
        except KafkaException as error:
            raise translate(error, f"describing topic {topic}") from error
