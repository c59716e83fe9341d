"""Read chosen records of a topic: long runs as they stand, and over wide gaps by going there."""

import time
from collections.abc import Iterator, Sequence

from confluent_kafka import KafkaException
from confluent_kafka import TopicPartition as Offset

from router.api import ConnectorError, Reason
from router.kafka.consumer import Consumed, consumed
from router.kafka.errors import translate
from router.kafka.log import reader

_BATCH = 2_000
_POLL_SECONDS = 0.05
_STALLED_SECONDS = 30
_GAP = 20_000
"""Fewer offsets between two records are read over, since going somewhere else costs as much."""


class Places:
    """A reader of one topic's committed records; its calls block. To be closed."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self._topic = topic
        self._consumer = reader(bootstrap_servers, "read_committed")

    def records(self, partition: int, offsets: Sequence[int]) -> Iterator[list[Consumed]]:
        """The records at these ascending offsets, some at a time; those that are gone are left out.

        Raises ConnectorError: BROKER_UNAVAILABLE, BROKER_TIMEOUT, PERMISSION_DENIED.
        """
        start = 0
        for end in range(1, len(offsets) + 1):
            if end == len(offsets) or offsets[end] - offsets[end - 1] > _GAP:
                yield from self._run(partition, offsets[start:end])
                start = end

    def close(self) -> None:
        """Let go of the client."""
        self._consumer.close()

    def _run(self, partition: int, offsets: Sequence[int]) -> Iterator[list[Consumed]]:
        wanted, last = set(offsets), offsets[-1]
        place = Offset(self._topic, partition, offsets[0])
        moved = time.monotonic()
        try:
            self._consumer.assign([place])
            while wanted:
                messages = self._consumer.consume(_BATCH, _POLL_SECONDS)
                found = []
                for message in messages:
                    if (failed := message.error()) is not None:
                        raise translate(failed, f"reading {self._topic}")
                    offset = message.offset() or 0
                    if offset in wanted:
                        wanted.discard(offset)
                        found.append(consumed(message))
                if found:
                    yield found
                if messages:
                    moved = time.monotonic()
                if self._consumer.position([place])[0].offset > last:
                    return
                if time.monotonic() - moved > _STALLED_SECONDS:
                    stalled = f"Reading {self._topic} made no progress for 30 seconds."
                    raise ConnectorError(Reason.BROKER_TIMEOUT, stalled)
        except KafkaException as error:
            raise translate(error, f"reading {self._topic}") from error
