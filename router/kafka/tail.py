"""Read a topic of one partition from its beginning, and go on as it grows."""

import uuid

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as Offset

from router.kafka.clients import connection
from router.kafka.consumer import Consumed, consumed

_BATCH = 1_000
_POLL_SECONDS = 0.1
_ASK_SECONDS = 2.0


class Tail:
    """One consumer; its calls block. Brokers that are away are waited for, by the client itself."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        group = {"group.id": f"con-tail-{uuid.uuid4().hex}", "enable.auto.commit": False}
        reading = {"auto.offset.reset": "earliest", "isolation.level": "read_committed", "fetch.wait.max.ms": 100}
        self._consumer = Consumer(connection(bootstrap_servers, "con-tail") | group | reading)
        self._place = Offset(topic, 0, 0)
        self._consumer.assign([self._place])
        self._end: int | None = None
        self.is_caught_up = False

    def read(self) -> list[Consumed]:
        """What is new; waits a tenth of a second at most, or two when the brokers are asked where the topic ends."""
        messages = self._consumer.consume(_BATCH, _POLL_SECONDS)
        if not self.is_caught_up:
            self._look_whether_caught_up()
        return [consumed(message) for message in messages if message.error() is None]

    def close(self) -> None:
        """Let go of the client."""
        self._consumer.close()

    def _look_whether_caught_up(self) -> None:
        try:
            if self._end is None:
                _, self._end = self._consumer.get_watermark_offsets(self._place, timeout=_ASK_SECONDS)
            position = self._consumer.position([self._place])[0].offset
            self.is_caught_up = self._end == 0 or position >= self._end
        except KafkaException:
            # The brokers are away: asked again after the next poll.
            return
