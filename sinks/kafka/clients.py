"""The settings of the Kafka clients: an allow-list, so that a configuration cannot pass any through.

https://github.com/confluentinc/librdkafka/blob/v2.16.0/CONFIGURATION.md
"""

from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError

from router.api import revealed
from sinks.kafka.config import KafkaConfig, Sasl, Tls

OnError = Callable[[KafkaError], None]

LARGEST_BATCH = 1_000_000
"""How many bytes of records a producer puts together at most; the brokers' limit applies to what is put together."""
_LARGEST_RECORD = 1_000_000_000
_QUEUE_KIB = 65_536


def connection(config: KafkaConfig, client_id: str, on_error: OnError) -> dict[str, Any]:
    """What every client has in common. Raises ConnectorError, as Secret.reveal."""
    protocol = ("SASL_" if config.sasl else "") + ("SSL" if config.tls else "PLAINTEXT")
    return {
        "bootstrap.servers": config.bootstrap_servers,
        "client.id": client_id,
        "security.protocol": protocol,
        "error_cb": on_error,
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1_000,
        "topic.metadata.refresh.interval.ms": 30_000,
        # The library would write dozens of lines a second to stderr while the brokers are away; what matters is
        # raised.
        "log_level": 0,
        **(_sasl(config.sasl) if config.sasl else {}),
        **(_tls(config.tls) if config.tls else {}),
    }


def producer(
    config: KafkaConfig, client_id: str, on_error: OnError, transactional_id: str, largest: int
) -> dict[str, Any]:
    """A transactional producer. largest: of a batch of records, in bytes, as the topic takes it."""
    milliseconds = int(config.timeout_seconds * 1000)
    return connection(config, client_id, on_error) | {
        "transactional.id": transactional_id,
        "transaction.timeout.ms": milliseconds,
        "delivery.timeout.ms": milliseconds,
        # That of the Java clients, so that everybody finds a key in the same partition.
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": 5,
        "batch.num.messages": 10_000,
        "batch.size": min(largest, LARGEST_BATCH),
        "message.max.bytes": min(max(largest, LARGEST_BATCH), _LARGEST_RECORD),
        "queue.buffering.max.messages": 20_000,
        "queue.buffering.max.kbytes": max(_QUEUE_KIB, largest // 512),
        "delivery.report.only.error": True,
    }


def consumer(config: KafkaConfig, client_id: str, on_error: OnError, group: str) -> dict[str, Any]:
    """A consumer of what is committed, which says when it has come to the end. It joins no group."""
    return connection(config, client_id, on_error) | {
        "group.id": group,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "fetch.wait.max.ms": 100,
    }


def login(sasl: Sasl) -> tuple[str, str]:
    """User and password as they are now. Raises ConnectorError, as Secret.reveal."""
    return revealed(sasl.username), sasl.password.reveal()


def _sasl(sasl: Sasl) -> dict[str, Any]:
    username, password = login(sasl)
    return {"sasl.mechanism": sasl.mechanism, "sasl.username": username, "sasl.password": password}


def _tls(tls: Tls) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "ssl.ca.location": tls.ca or "probe",
        "ssl.endpoint.identification.algorithm": "https",
    }
    if tls.certificate is not None and tls.key is not None:
        settings |= {"ssl.certificate.location": tls.certificate, "ssl.key.pem": tls.key.reveal()}
    return settings
