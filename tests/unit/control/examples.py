"""Records as a consumer hands them out."""

from typing import cast

from confluent_kafka import Message

from router.kafka.consumer import Consumed


def record(key: bytes | None, value: bytes | None) -> Consumed:
    """A record of which only key and value are looked at."""
    return Consumed("topic", 0, 0, key, value, cast("Message[bytes, bytes]", None))
