"""The settings of every Kafka client: an allow-list of our own, so that a configuration cannot pass any through."""

from typing import Any

PARTITIONER = "murmur2_random"
"""The Java clients' partitioner, so that everybody finds a key in the same partition."""


def connection(bootstrap_servers: str, client_id: str) -> dict[str, Any]:
    """What every client has in common."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": client_id,
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1_000,
        "topic.metadata.refresh.interval.ms": 30_000,
        # librdkafka would write dozens of lines a second to stderr while the brokers are away; what matters
        # arrives as an error where it is acted upon, and is logged there once.
        "log_level": 0,
    }


def producer(bootstrap_servers: str, client_id: str) -> dict[str, Any]:
    """An idempotent producer: a returned acknowledgement means that every in-sync replica has the record."""
    return connection(bootstrap_servers, client_id) | {
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": PARTITIONER,
        "compression.type": "lz4",
        "linger.ms": 5,
        "batch.num.messages": 10_000,
        "queue.buffering.max.messages": 100_000,
        "queue.buffering.max.kbytes": 262_144,
        "delivery.timeout.ms": 30_000,
        "message.max.bytes": 67_108_864,
    }


def transactional_producer(bootstrap_servers: str, client_id: str, transactional_id: str) -> dict[str, Any]:
    """A producer for transactions. A dead one's open transaction blocks readers for ten seconds at most."""
    return producer(bootstrap_servers, client_id) | {
        "transactional.id": transactional_id,
        "transaction.timeout.ms": 10_000,
        "delivery.timeout.ms": 10_000,
        "linger.ms": 0,
    }


def consumer(bootstrap_servers: str, client_id: str, group: str) -> dict[str, Any]:
    """A consumer that reads only what is committed and whose offsets move only where we store them."""
    return connection(bootstrap_servers, client_id) | {
        "group.id": group,
        "isolation.level": "read_committed",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": True,
        # What a killed worker had delivered since, a sink without positions delivers again.
        "auto.commit.interval.ms": 100,
        "enable.auto.offset.store": False,
        "fetch.wait.max.ms": 100,
        "queued.min.messages": 10_000,
        "queued.max.messages.kbytes": 16_384,
        "fetch.message.max.bytes": 1_048_576,
        "max.poll.interval.ms": 300_000,
    }


CONSUMER_PROTOCOL = {"group.protocol": "consumer", "group.remote.assignor": "range"}
"""KIP-848: the broker assigns, and a rebalance stops only the partitions that move.

`range` shares out each topic by itself. The default counts partitions only, so that of two members one may get those
with the events, and the other those of the sink's replay topic, which is empty.
"""

CLASSIC_PROTOCOL = {"partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": 6_000}
"""For brokers before 4.0."""
