"""Which settings the clients get."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, Producer

from router.api import Secret
from sinks.kafka import clients
from sinks.kafka.config import KafkaConfig
from tests.unit.sinks.examples import secret
from tests.unit.sinks.kafka.test_config import config

SASL = {"mechanism": "SCRAM-SHA-256", "username": "u", "password": secret("p")}


def ignore(_error: KafkaError) -> None: ...


def connection(made: KafkaConfig) -> dict[str, Any]:
    return clients.connection(made, "shop.copies", ignore)


@pytest.mark.parametrize(
    ("changes", "protocol"),
    [
        ({}, "PLAINTEXT"),
        ({"tls": {}}, "SSL"),
        ({"sasl": SASL}, "SASL_PLAINTEXT"),
        ({"sasl": SASL, "tls": {}}, "SASL_SSL"),
    ],
)
def test_the_protocol_follows_from_what_is_configured(changes: dict[str, Any], protocol: str) -> None:
    assert connection(config(**changes))["security.protocol"] == protocol


def test_a_certificate_is_presented_with_its_key_and_names_are_verified() -> None:
    tls = {"ca": "/ca.pem", "certificate": "/own.pem", "key": secret("the key")}

    made = connection(config(tls=tls))

    assert {name: value for name, value in made.items() if name.startswith("ssl.")} == {
        "ssl.ca.location": "/ca.pem",
        "ssl.endpoint.identification.algorithm": "https",
        "ssl.certificate.location": "/own.pem",
        "ssl.key.pem": "the key",
    }


def test_the_password_is_the_one_of_now() -> None:
    passwords = ["old"]
    sasl = SASL | {"password": Secret("${env:EXAMPLE}", lambda _reference: passwords[-1])}
    made = config(sasl=sasl)
    before = connection(made)["sasl.password"]

    passwords.append("new")

    assert (before, connection(made)["sasl.password"]) == ("old", "new")


@pytest.mark.parametrize(("largest", "batch"), [(20_000, 20_000), (67_108_864, clients.LARGEST_BATCH)])
def test_what_is_put_together_is_no_larger_than_the_topic_takes(largest: int, batch: int) -> None:
    made = clients.producer(config(timeout_seconds=12), "shop.copies", ignore, "id", largest)

    assert made["batch.size"] == batch
    assert made["message.max.bytes"] >= largest
    assert made["queue.buffering.max.kbytes"] * 1024 >= largest
    assert made["transaction.timeout.ms"] == made["delivery.timeout.ms"] == 12_000


def test_a_topic_without_a_limit_can_be_written_to() -> None:
    settings = clients.producer(config(), "shop.copies", ignore, "id", 2**31 - 1)

    assert len(Producer(settings)) == 0
