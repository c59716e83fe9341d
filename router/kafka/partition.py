"""Read one partition up to where it ended when the reading began, piece by piece."""

import time
import uuid

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as Offset

from router.api import ConnectorError, Reason
from router.kafka.clients import connection
from router.kafka.consumer import Consumed, consumed
from router.kafka.errors import translate

_TIMEOUT_SECONDS = 10
_STALLED_SECONDS = 30
_POLL_SECONDS = 0.05
_BATCH = 1_000


class PartitionReading:
    """One consumer; its calls block, and one is made at a time.

    number: of the partition, modulo how many the topic has. start: the first offset wanted.
    Raises ConnectorError: BROKER_UNAVAILABLE, BROKER_TIMEOUT, PERMISSION_DENIED; TARGET_MISSING without the topic.
    """

    def __init__(self, bootstrap_servers: str, topic: str, number: int, start: int) -> None:
        group = {"group.id": f"con-read-{uuid.uuid4().hex}", "enable.auto.commit": False}
        reading = {"auto.offset.reset": "earliest", "isolation.level": "read_committed", "fetch.wait.max.ms": 20}
        self._consumer = Consumer(connection(bootstrap_servers, "con-read") | group | reading)
        self._topic = topic
        self._moved = time.monotonic()
        try:
            self.partition = number % self._partitions()
            place = Offset(topic, self.partition)
            low, self.end = self._consumer.get_watermark_offsets(place, timeout=_TIMEOUT_SECONDS)
            self._position = max(low, start)
            self._consumer.assign([Offset(topic, self.partition, self._position)])
        except BaseException as error:
            self._consumer.close()
            if isinstance(error, KafkaException):
                raise translate(error, f"reading {topic}") from error
            raise

    def read(self) -> list[Consumed] | None:
        """What comes next, perhaps nothing yet; None at the end. Raises ConnectorError."""
        if self._position >= self.end:
            return None
        try:
            messages = self._consumer.consume(_BATCH, _POLL_SECONDS)
        except KafkaException as error:
            raise translate(error, f"reading {self._topic}") from error
        for message in messages:
            if (failed := message.error()) is not None:
                raise translate(failed, f"reading {self._topic}")
        if messages:
            self._moved = time.monotonic()
            self._position = (messages[-1].offset() or 0) + 1
        elif time.monotonic() - self._moved > _STALLED_SECONDS:
            raise ConnectorError(Reason.BROKER_TIMEOUT, f"Reading {self._topic} made no progress for 30 seconds.")
        return [consumed(message) for message in messages]

    def close(self) -> None:
        """Let go of the client."""
        self._consumer.close()

    def _partitions(self) -> int:
        count = len(self._consumer.list_topics(self._topic, timeout=_TIMEOUT_SECONDS).topics[self._topic].partitions)
        if not count:
            raise ConnectorError(Reason.TARGET_MISSING, f"The topic {self._topic} does not exist.")
        return count
