"""Read whole topics as they grow, belonging to no group: nothing is committed, and nobody else reads less for it."""

import uuid
from collections.abc import Sequence

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaException
from confluent_kafka import TopicPartition as Offset

from router.api import ConnectorError, Reason
from router.kafka.clients import connection
from router.kafka.consumer import Consumed, Place, consumed
from router.kafka.errors import translate

_TIMEOUT_SECONDS = 10
_POLL_SECONDS = 0.1
_BATCH = 500


class Live:
    """One consumer; its calls block. from_beginning: also what is there already.

    Raises ConnectorError: BROKER_UNAVAILABLE, BROKER_TIMEOUT, PERMISSION_DENIED; TARGET_MISSING without a topic.
    """

    def __init__(self, bootstrap_servers: str, topics: Sequence[str], *, from_beginning: bool) -> None:
        group = {"group.id": f"con-live-{uuid.uuid4().hex}", "enable.auto.commit": False}
        reading = {"isolation.level": "read_committed", "fetch.wait.max.ms": 50}
        self._consumer = Consumer(connection(bootstrap_servers, "con-live") | group | reading)
        start = OFFSET_BEGINNING if from_beginning else OFFSET_END
        try:
            self._consumer.assign([Offset(*place, start) for place in self._places(topics)])
        except BaseException as error:
            self._consumer.close()
            if isinstance(error, KafkaException):
                raise translate(error, "reading topics") from error
            raise

    def _places(self, topics: Sequence[str]) -> list[Place]:
        found = self._consumer.list_topics(timeout=_TIMEOUT_SECONDS).topics
        missing = [topic for topic in topics if topic not in found]
        if missing:
            message = f"The topic {', '.join(missing)} does not exist."
            raise ConnectorError(Reason.TARGET_MISSING, message, fix="`router run` makes a configuration's topics.")
        return [(topic, number) for topic in topics for number in found[topic].partitions]

    def read(self) -> list[Consumed]:
        """What is new; waits a tenth of a second at most. Brokers that are away are waited for."""
        messages = self._consumer.consume(_BATCH, _POLL_SECONDS)
        return [consumed(message) for message in messages if message.error() is None]

    def close(self) -> None:
        """Let go of the client."""
        self._consumer.close()
