"""The committed offsets of consumer groups: show them, and move them while nobody is in the group."""

from collections.abc import Collection, Mapping

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka import TopicPartition as Offset
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not in its list of names

from router.api import ConnectorError, Reason
from router.kafka.blocking import call_blocking
from router.kafka.clients import connection
from router.kafka.consumer import Place
from router.kafka.errors import translate

_TIMEOUT_SECONDS = 10
_THREAD = "kafka-groups"
_EARLIEST = OffsetSpec.earliest()  # type: ignore[no-untyped-call]


class Groups:
    """The cluster's consumer groups."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._admin = AdminClient(connection(bootstrap_servers, "con-groups"))

    async def committed(self, group: str) -> dict[Place, int]:
        """The next offset of each partition that the group has committed; empty if there is no such group.

        Raises ConnectorError: BROKER_UNAVAILABLE, BROKER_TIMEOUT, PERMISSION_DENIED.
        """
        return await call_blocking(lambda: self._committed(group), _THREAD)

    async def move(self, group: str, offsets: Mapping[Place, int | None]) -> None:
        """Commit the offsets, all at once; None: where the partition begins now.

        Raises ConnectorError: STALE_GENERATION if somebody is in the group; TARGET_MISSING if there is no such
        partition; and what the brokers say. Then nothing has been moved.
        """
        await call_blocking(lambda: self._move(group, offsets), _THREAD)

    async def partitions(self, topics: Collection[str]) -> list[Place]:
        """The partitions of those of the topics that exist. Raises ConnectorError as `committed`."""
        return await call_blocking(lambda: self._partitions(topics), _THREAD)

    def _committed(self, group: str) -> dict[Place, int]:
        try:
            future = self._admin.list_consumer_group_offsets(
                [ConsumerGroupTopicPartitions(group)], request_timeout=_TIMEOUT_SECONDS
            )[group]
            found = future.result().topic_partitions
        except KafkaException as error:
            raise translate(error, f"reading the offsets of {group}") from error
        return {(one.topic, one.partition): one.offset for one in found if one.error is None and one.offset >= 0}

    def _move(self, group: str, offsets: Mapping[Place, int | None]) -> None:
        known = set(self._partitions({topic for topic, _ in offsets}))
        for topic, partition in offsets:
            if (topic, partition) not in known:
                raise ConnectorError(Reason.TARGET_MISSING, f"The topic {topic} has no partition {partition}.")
        beginnings = self._beginnings([place for place, offset in offsets.items() if offset is None])
        targets = [
            Offset(place[0], place[1], beginnings[place] if offset is None else offset)
            for place, offset in offsets.items()
        ]
        try:
            request = [ConsumerGroupTopicPartitions(group, targets)]
            future = self._admin.alter_consumer_group_offsets(request, request_timeout=_TIMEOUT_SECONDS)[group]
            for one in future.result().topic_partitions:
                if one.error is not None:
                    raise translate(one.error, f"moving the offsets of {group}")
        except KafkaException as error:
            raise translate(error, f"moving the offsets of {group}") from error

    def _beginnings(self, places: Collection[Place]) -> dict[Place, int]:
        if not places:
            return {}
        try:
            asked = {Offset(topic, partition): _EARLIEST for topic, partition in places}
            answers = self._admin.list_offsets(asked, request_timeout=_TIMEOUT_SECONDS)
            return {(one.topic, one.partition): future.result().offset for one, future in answers.items()}
        except KafkaException as error:
            raise translate(error, "asking where partitions begin") from error

    def _partitions(self, topics: Collection[str]) -> list[Place]:
        try:
            known = self._admin.list_topics(timeout=_TIMEOUT_SECONDS).topics
        except KafkaException as error:
            raise translate(error, "listing the topics") from error
        return [(topic, partition) for topic in topics if topic in known for partition in known[topic].partitions]
