"""Reads a position from the topic of positions, up to its end and no less."""

import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as Place

from router.api import ConnectorError, Reason
from sinks.kafka.clients import consumer
from sinks.kafka.config import KafkaConfig
from sinks.kafka.errors import translate, translate_making
from sinks.kafka.failures import Failures
from sinks.kafka.positions import Slot, position

_BATCH = 1_000
_POLL_SECONDS = 0.1
# The client looks for the coordinator of its group even where it joins none.
_OF_NO_MATTER = KafkaError.GROUP_AUTHORIZATION_FAILED


def read_position(config: KafkaConfig, client_id: str, slot: Slot, end: int) -> int | None:
    """The position that the last committed record of the slot holds; None if there is none. Blocking.

    end: where the topic ended once the owner before was fenced. What is committed shows only in front of the first
    transaction that is open, whose it may be: so this waits until everything before the end has been decided.
    Raises ConnectorError.
    """
    if end == 0:
        return None
    failures = Failures()
    try:
        reader = Consumer(consumer(config, client_id, failures, slot.topic))
    except KafkaException as error:
        raise translate_making(error) from None
    try:
        reader.assign([Place(slot.topic, slot.place.partition, OFFSET_BEGINNING)])
        value = _last(reader, failures, slot, end, config.timeout_seconds)
    finally:
        reader.close()
    return None if value is None else _position(value, slot)


def _last(reader: Consumer, failures: Failures, slot: Slot, end: int, seconds: float) -> bytes | None:
    found: bytes | None = None
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for message in reader.consume(_BATCH, _POLL_SECONDS):
            error = message.error()
            if error is None and message.key() == slot.key:
                found = message.value()
            elif error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  no real error
                if (message.offset() or 0) >= end:
                    return found
            elif error is not None and error.code() != _OF_NO_MATTER:
                raise translate(error, f"reading {slot.topic}")
        failures.check()
    raise ConnectorError(
        Reason.TARGET_TIMEOUT, f"Topic {slot.topic} could not be read to its end within {seconds:g} s."
    )


def _position(value: bytes, slot: Slot) -> int:
    try:
        return position(value)
    except ValueError as error:
        raise ConnectorError(
            Reason.CONFIG_INVALID,
            f"Topic {slot.topic} holds a record that is no position.",
            fix="Let nothing but the sink write to it.",
        ) from error
