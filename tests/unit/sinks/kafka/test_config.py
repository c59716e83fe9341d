"""What a configuration of the Kafka sink may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from router.api import Dataset
from sinks.kafka import connector
from sinks.kafka.config import KafkaConfig
from tests.unit.sinks.examples import secret

SCRAM = {"mechanism": "SCRAM-SHA-512", "username": "u", "password": secret("p4ssw0rd")}


def config(**changes: Any) -> KafkaConfig:
    return KafkaConfig.model_validate({"bootstrap_servers": "kafka-1:9092", "topic": "copies"} | changes)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bootstrap_servers": ""}, "bootstrap_servers"),
        ({"bootstrap_servers": "kafka-1"}, "bootstrap_servers"),
        ({"bootstrap_servers": "kafka-1:0"}, "bootstrap_servers"),
        ({"bootstrap_servers": "kafka-1:65536"}, "bootstrap_servers"),
        ({"bootstrap_servers": "kafka-1:9092, kafka-2:9092"}, "bootstrap_servers"),
        ({"bootstrap_servers": "SSL://kafka-1:9092"}, "bootstrap_servers"),
        ({"topic": ""}, "topic"),
        ({"topic": ".."}, "topic"),
        ({"topic": "a/b"}, "topic"),
        ({"topic": "__transaction_state"}, "topic"),
        ({"topic": "t" * 250}, "topic"),
        ({"format": "avro"}, "format"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"sasl": SCRAM | {"mechanism": "GSSAPI"}}, "sasl.mechanism"),
        ({"sasl": {"mechanism": "PLAIN", "username": "u"}}, "sasl.password"),
        ({"tls": {"ca": "ca.pem"}}, "tls.ca"),
        ({"tls": {"certificate": "/own.pem"}}, "tls"),
        ({"tls": {"key": secret("k")}}, "tls"),
        ({"acks": "0"}, "acks"),
        ({"enable.idempotence": "false"}, "enable.idempotence"),
    ],
)
def test_what_is_not_allowed_is_refused_where_it_stands(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config(**changes)

    assert [".".join(map(str, error["loc"])) for error in caught.value.errors()] == [field]


def test_a_password_is_not_sent_as_it_is_without_encryption() -> None:
    with pytest.raises(ValidationError, match="tls: needed with this mechanism"):
        config(sasl=SCRAM | {"mechanism": "PLAIN"})

    assert config(sasl=SCRAM | {"mechanism": "PLAIN"}, tls={}).tls is not None
    assert config(sasl=SCRAM).sasl is not None


def test_a_password_that_is_written_out_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValidationError) as caught:
        config(sasl=SCRAM | {"password": "hunter2"})

    assert "hunter2" not in str(caught.value)


def test_a_configuration_shows_no_password() -> None:
    assert "p4ssw0rd" not in repr(config(sasl=SCRAM))


@pytest.mark.parametrize(
    ("servers", "addresses"),
    [
        ("kafka-1:9092", ("kafka-1:9092",)),
        ("kafka-1:9092,10.0.0.2:9093,[::1]:9094", ("kafka-1:9092", "10.0.0.2:9093", "[::1]:9094")),
    ],
)
def test_the_addresses_are_the_bootstrap_servers(servers: str, addresses: tuple[str, ...]) -> None:
    assert connector.hosts(config(bootstrap_servers=servers)) == addresses


def test_the_dataset_is_the_topic() -> None:
    assert connector.datasets(config()) == (Dataset("kafka://kafka-1:9092", "copies"),)
