"""The topic of positions: how far each partition is written, in the cluster that is written to.

One partition, for ever: with more, a position would be sought in another one as soon as somebody adds some.
"""

import json
from typing import NamedTuple

from confluent_kafka import TopicPartition as Place

from router.api import TopicPartition

PARTITION = 0

SETTINGS = {
    "cleanup.policy": "compact",
    # Small segments, cleaned early: the topic is read from its beginning by every claim.
    "segment.bytes": "16777216",
    "segment.ms": "600000",
    "min.cleanable.dirty.ratio": "0.1",
}


def positions_topic(sink: str) -> str:
    """The name of a sink's topic of positions."""
    return f"{sink}.positions"


def transactional_id(sink: str, partition: TopicPartition) -> str:
    """What all owners of the partition have in common, so that each fences the one before."""
    return f"{sink}.{partition.cluster_id}.{partition.topic_id}.{partition.partition}"


class Slot(NamedTuple):
    """The records of one partition's position."""

    topic: str
    partition: TopicPartition

    @property
    def place(self) -> Place:
        """Where its records are."""
        return Place(self.topic, PARTITION)

    @property
    def key(self) -> bytes:
        """The same for every owner: compaction keeps the newest record of it."""
        of = self.partition
        return json.dumps({"cluster": of.cluster_id, "topic_id": of.topic_id, "partition": of.partition}).encode()

    def value(self, position: int) -> bytes:
        """The record of a position. The topic's name is for people."""
        return json.dumps({"position": position, "topic": self.partition.topic}).encode()


def position(value: bytes) -> int:
    """The position that a record holds. Raises ValueError if it holds none."""
    try:
        read = json.loads(value)
    except ValueError:
        read = None
    found = read.get("position") if isinstance(read, dict) else None
    if not isinstance(found, int):
        message = "the record holds no position"
        raise ValueError(message)  # noqa: TRY004  its type is what its writer made of it
    return found
