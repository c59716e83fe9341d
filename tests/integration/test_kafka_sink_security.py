"""The Kafka sink and a broker that asks who is there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AclOperation, ResourceType  # type: ignore[attr-defined]  # not in its list of names

from router.api import Action, Reason, Secret
from router.dev.endpoints import Endpoints
from router.dev.stack import Ports
from sinks.kafka.config import KafkaConfig
from sinks.kafka.sink import open_sink
from tests.integration.kafka_topics import Topic
from tests.integration.postgres_sinks import failure
from tests.integration.secured_kafka import PLAIN_PASSWORD, SCRAM_PASSWORD, SecuredKafka, secured_kafka
from tests.unit.sinks.examples import PARTITION, batch, event, secret

TARGET = [AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.WRITE]
POSITIONS = [*TARGET, AclOperation.CREATE, AclOperation.READ]
TRANSACTIONS = [AclOperation.DESCRIBE, AclOperation.WRITE]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, choose_ports: Callable[[], Ports]) -> Iterator[SecuredKafka]:
    with secured_kafka(tmp_path_factory.mktemp("secured"), choose_ports()) as running:
        yield running


@pytest.fixture
def topic(secured: SecuredKafka, unique: Callable[[], str]) -> Topic:
    return Topic(Endpoints(secured.plain, "", "", 0, "", "", ""), unique())


def login(mechanism: str, password: str | Secret, user: str = "alice") -> dict[str, Any]:
    return {
        "mechanism": mechanism,
        "username": user,
        "password": secret(password) if isinstance(password, str) else password,
    }


def grant(secured: SecuredKafka, topic: Topic, principal: str) -> None:
    """What the how-to says that the sink needs."""
    secured.grant(principal, ResourceType.TOPIC, topic.name, TARGET)
    secured.grant(principal, ResourceType.TOPIC, f"{topic.name}.positions", POSITIONS)
    secured.grant(principal, ResourceType.TRANSACTIONAL_ID, f"{topic.name}.", TRANSACTIONS)


async def write_one(settings: dict[str, Any], name: str) -> None:
    async with open_sink(KafkaConfig.model_validate(settings), name) as sink:
        position = await sink.claim(PARTITION)
        first = position or 0
        await sink.write(batch([event(first)], first))
        assert await sink.claim(PARTITION) == first + 1


@pytest.mark.parametrize(
    ("mechanism", "password"),
    [("PLAIN", PLAIN_PASSWORD), ("SCRAM-SHA-256", SCRAM_PASSWORD), ("SCRAM-SHA-512", SCRAM_PASSWORD)],
)
async def test_the_entries_that_are_documented_are_enough(
    secured: SecuredKafka, topic: Topic, mechanism: str, password: str
) -> None:
    grant(secured, topic, "User:alice")

    await write_one(secured.settings(topic.name, sasl=login(mechanism, password)), topic.name)

    assert [one.text("ce_id") for one in topic.read()] == ["e0"]


async def test_a_certificate_of_our_own_lets_in(secured: SecuredKafka, topic: Topic) -> None:
    grant(secured, topic, "User:CN=localhost")
    tls = {"ca": str(secured.ca), "certificate": str(secured.ca), "key": secret(secured.key)}

    await write_one(secured.settings(topic.name, bootstrap_servers=secured.tls, tls=tls), topic.name)

    assert [one.text("ce_id") for one in topic.read()] == ["e0"]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_a_wrong_password_is_told_and_not_shown(secured: SecuredKafka, topic: Topic, mechanism: str) -> None:
    settings = secured.settings(topic.name, sasl=login(mechanism, "wr0ng-p4ssword"))

    async with open_sink(KafkaConfig.model_validate(settings), topic.name) as sink:
        refusal = await failure(sink.claim(PARTITION))

    assert (refusal.reason, refusal.action) == (Reason.CREDENTIAL_REFUSED, Action.PAUSE)
    assert "sasl" in (refusal.fix or "")
    assert "wr0ng-p4ssword" not in str(refusal)


async def test_a_password_that_changes_is_used_with_the_next_claim(secured: SecuredKafka, topic: Topic) -> None:
    grant(secured, topic, "User:alice")
    passwords = ["wr0ng-p4ssword"]
    sasl = login("SCRAM-SHA-256", Secret("${env:EXAMPLE}", lambda _reference: passwords[-1]))

    async with open_sink(KafkaConfig.model_validate(secured.settings(topic.name, sasl=sasl)), topic.name) as sink:
        await failure(sink.claim(PARTITION))
        passwords.append(SCRAM_PASSWORD)
        await sink.claim(PARTITION)
        await sink.write(batch([event(0)], 0))

    assert [one.text("ce_id") for one in topic.read()] == ["e0"]


async def test_who_may_not_write_is_told_what_to_grant(secured: SecuredKafka, topic: Topic) -> None:
    settings = secured.settings(topic.name, sasl=login("PLAIN", PLAIN_PASSWORD, "bob"))

    async with open_sink(KafkaConfig.model_validate(settings), topic.name) as sink:
        refusal = await failure(sink.claim(PARTITION))

    assert (refusal.reason, refusal.action) == (Reason.PERMISSION_DENIED, Action.PAUSE)
    assert topic.name in refusal.message


async def test_who_may_look_but_not_write_is_told_too(secured: SecuredKafka, topic: Topic) -> None:
    secured.grant("User:bob", ResourceType.TOPIC, topic.name, TARGET[:2])
    secured.grant("User:bob", ResourceType.TOPIC, f"{topic.name}.positions", POSITIONS)
    secured.grant("User:bob", ResourceType.TRANSACTIONAL_ID, f"{topic.name}.", TRANSACTIONS)
    settings = secured.settings(topic.name, sasl=login("PLAIN", PLAIN_PASSWORD, "bob"))

    async with open_sink(KafkaConfig.model_validate(settings), topic.name) as sink:
        await sink.claim(PARTITION)
        refusal = await failure(sink.write(batch([event(0)], 0)))
        secured.grant("User:bob", ResourceType.TOPIC, topic.name, TARGET)
        await sink.write(batch([event(0)], 0))

    assert refusal.reason is Reason.PERMISSION_DENIED
    assert [one.text("ce_id") for one in topic.read()] == ["e0"]


async def test_a_broker_that_nobody_vouches_for_is_not_trusted(secured: SecuredKafka, topic: Topic) -> None:
    settings = secured.settings(topic.name, sasl=login("PLAIN", PLAIN_PASSWORD), tls={})

    async with open_sink(KafkaConfig.model_validate(settings), topic.name) as sink:
        refusal = await failure(sink.claim(PARTITION))

    assert refusal.reason is Reason.TARGET_UNREACHABLE
    assert "certificate" in refusal.message
    assert PLAIN_PASSWORD not in str(refusal)


def test_a_key_that_is_none_is_not_shown(secured: SecuredKafka, topic: Topic, tmp_path: Path) -> None:
    tls = {"ca": str(secured.ca), "certificate": str(secured.ca), "key": secret("n0-k3y")}
    made = KafkaConfig.model_validate(secured.settings(topic.name, bootstrap_servers=secured.tls, tls=tls))

    assert "n0-k3y" not in repr(made)


async def test_a_key_that_cannot_be_used_is_a_mistake_of_the_configuration(secured: SecuredKafka, topic: Topic) -> None:
    tls = {"ca": str(secured.ca), "certificate": str(secured.ca), "key": secret("n0-k3y")}
    settings = secured.settings(topic.name, bootstrap_servers=secured.tls, tls=tls)

    async with open_sink(KafkaConfig.model_validate(settings), topic.name) as sink:
        refusal = await failure(sink.claim(PARTITION))

    assert refusal.reason is Reason.CONFIG_INVALID
    assert "n0-k3y" not in str(refusal)
