"""Read a whole topic once, from its beginning to where it ended when the reading began."""

import time
import uuid
from collections.abc import Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException
from confluent_kafka import TopicPartition as Offset

from router.api import Action, ConnectorError, Reason
from router.kafka.clients import connection
from router.kafka.consumer import Consumed, consumed
from router.kafka.errors import translate

_TIMEOUT_SECONDS = 10
_WAIT_SECONDS = 1.0
_PAUSE_SECONDS = 0.2
_BATCH = 1_000


def read_topic(bootstrap_servers: str, topic: str) -> Iterator[Consumed]:
    """The committed records of a topic, partition by partition mixed; nothing if the topic does not exist.

    Raises ConnectorError: BROKER_UNAVAILABLE, BROKER_TIMEOUT, PERMISSION_DENIED.
    """
    # A group is needed by the client, but nothing is ever committed to it.
    group = {"group.id": f"con-read-{uuid.uuid4().hex}", "enable.auto.commit": False}
    settings = connection(bootstrap_servers, "con-read") | group | {"isolation.level": "read_committed"}
    consumer = Consumer(settings | {"enable.partition.eof": False})
    try:
        yield from _read(consumer, topic)
    except KafkaException as error:
        raise translate(error, f"reading {topic}") from error
    finally:
        consumer.close()


def _read(consumer: Consumer, topic: str) -> Iterator[Consumed]:
    ends = _ends(consumer, topic)
    consumer.assign([Offset(topic, partition, OFFSET_BEGINNING) for partition in ends])
    idle = 0
    while ends:
        messages = consumer.consume(_BATCH, _WAIT_SECONDS)
        for message in messages:
            error = message.error()
            if error is not None:
                raise translate(error, f"reading {topic}")
            yield consumed(message)
        # The end may be a transaction's marker, which is never handed out: the position tells.
        positions = consumer.position([Offset(topic, partition) for partition in ends])
        for position in positions:
            if position.offset >= ends[position.partition]:
                del ends[position.partition]
        idle = 0 if messages else idle + 1
        if idle * _WAIT_SECONDS > _TIMEOUT_SECONDS * 3:
            raise ConnectorError(Reason.BROKER_TIMEOUT, f"Reading {topic} made no progress for 30 seconds.")


def _ends(consumer: Consumer, topic: str) -> dict[int, int]:
    """Where each partition that holds anything ends; asked again while a leader is being elected."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while True:
        try:
            ends = {}
            for partition in consumer.list_topics(topic, timeout=_TIMEOUT_SECONDS).topics[topic].partitions:
                low, high = consumer.get_watermark_offsets(Offset(topic, partition), timeout=_TIMEOUT_SECONDS)
                if high > low:
                    ends[partition] = high
        except KafkaException as error:
            if translate(error, "").action is not Action.RETRY or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return ends
