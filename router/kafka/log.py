"""Read a topic once, or a part of it, up to where it ended when the reading began."""

import time
import uuid
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as Offset

from router.api import Action, ConnectorError, Reason
from router.kafka.clients import connection
from router.kafka.consumer import Consumed, consumed
from router.kafka.errors import translate

_TIMEOUT_SECONDS = 10
_POLL_SECONDS = 0.05
_PAUSE_SECONDS = 0.2
_BATCH = 1_000

Bounds = tuple[int, int]
"""The first offset of a partition, and the one after its last."""


def read_topic(
    bootstrap_servers: str, topic: str, *, must_exist: bool = False, newest: int | None = None
) -> Iterator[Consumed]:
    """The committed records of a topic, partition by partition mixed; nothing if the topic does not exist.

    What stands behind a transaction that is still open is waited for.
    must_exist: a topic that is not there is an error, TARGET_MISSING, instead of an empty one.
    newest: only what stands at so many of the last offsets of each partition.
    Raises ConnectorError: BROKER_UNAVAILABLE, BROKER_TIMEOUT, PERMISSION_DENIED.
    """
    bounds = topic_bounds(bootstrap_servers, topic, must_exist=must_exist)
    if newest is not None:
        bounds = {partition: (max(low, high - newest), high) for partition, (low, high) in bounds.items()}
    yield from read_between(bootstrap_servers, topic, bounds)


def read_between(bootstrap_servers: str, topic: str, bounds: Mapping[int, Bounds]) -> Iterator[Consumed]:
    """The committed records between these bounds, partition by partition mixed. Raises as `read_topic`."""
    bounds = {partition: (low, high) for partition, (low, high) in bounds.items() if high > low}
    if not bounds:
        return
    try:
        yield from _read(bootstrap_servers, topic, bounds)
    except KafkaException as error:
        raise translate(error, f"reading {topic}") from error


def topic_bounds(bootstrap_servers: str, topic: str, *, must_exist: bool = False) -> dict[int, Bounds]:
    """Where each partition begins and ends; empty if the topic does not exist. Raises as `read_topic`."""
    try:
        return _bounds(bootstrap_servers, topic, must_exist=must_exist)
    except KafkaException as error:
        raise translate(error, f"reading {topic}") from error


def _read(bootstrap_servers: str, topic: str, bounds: Mapping[int, Bounds]) -> Iterator[Consumed]:
    consumer = reader(bootstrap_servers, "read_committed")
    try:
        # By number: to look up where the beginning is the client would wait for half a second.
        consumer.assign([Offset(topic, partition, low) for partition, (low, _) in bounds.items()])
        ends = {partition: high for partition, (_, high) in bounds.items()}
        moved = time.monotonic()
        while ends:
            messages = consumer.consume(_BATCH, _POLL_SECONDS)
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
            if messages:
                moved = time.monotonic()
            if time.monotonic() - moved > _TIMEOUT_SECONDS * 3:
                raise ConnectorError(Reason.BROKER_TIMEOUT, f"Reading {topic} made no progress for 30 seconds.")
    finally:
        consumer.close()


def _bounds(bootstrap_servers: str, topic: str, *, must_exist: bool) -> dict[int, Bounds]:
    """Where each partition begins and ends; asked again while a leader is being elected.

    Asked of a reader of everything: to one of committed records only a partition ends before the first open
    transaction, and behind somebody else's may stand what has been committed long ago.
    """
    consumer = reader(bootstrap_servers, "read_uncommitted")
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    try:
        while True:
            try:
                bounds = {}
                partitions = consumer.list_topics(topic, timeout=_TIMEOUT_SECONDS).topics[topic].partitions
                if must_exist and not partitions:
                    raise ConnectorError(Reason.TARGET_MISSING, f"The topic {topic} does not exist.")
                for partition in partitions:
                    low, high = consumer.get_watermark_offsets(Offset(topic, partition), timeout=_TIMEOUT_SECONDS)
                    bounds[partition] = (low, high)
            except KafkaException as error:
                if translate(error, "").action is not Action.RETRY or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return bounds
    finally:
        consumer.close()


def reader(bootstrap_servers: str, isolation_level: str) -> Consumer:
    """A client that reads what it is assigned and commits nothing."""
    # A group is needed by the client, but nothing is ever committed to it.
    group = {"group.id": f"con-read-{uuid.uuid4().hex}", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    settings = connection(bootstrap_servers, "con-read") | group | {"isolation.level": isolation_level}
    # Waiting half a second for more at the end of the topic would make every start that much slower.
    return Consumer(settings | {"enable.partition.eof": False, "fetch.wait.max.ms": 20})
