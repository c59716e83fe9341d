"""The Kafka sink on a real broker: what it writes, what it refuses, and what a position guards."""

import asyncio
import json
from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from router.api import Action, ErrorClass, Reason, RecordsRefusedError, TopicPartition
from router.dev.endpoints import Endpoints
from sinks.kafka.config import KafkaConfig
from sinks.kafka.positions import Slot, positions_topic, transactional_id
from sinks.kafka.sink import KafkaSink, open_sink
from tests.integration.kafka_topics import Topic, noise, read, settings
from tests.integration.postgres_sinks import failure
from tests.unit.sinks.examples import NOW, PARTITION, batch, event

OTHER = TopicPartition("cluster", "topic-id", "orders.v1", 1)
SMALL = 20_000


@pytest.fixture
def topic(endpoints: Endpoints, unique: Callable[[], str]) -> Topic:
    return Topic(endpoints, unique())


def config(topic: Topic, **changes: object) -> KafkaConfig:
    return KafkaConfig.model_validate(topic.settings | changes)


def ids(topic: Topic) -> list[str]:
    return [one.text("ce_id") for one in topic.read()]


def open_transaction(endpoints: Endpoints, name: str) -> Producer:
    producer = Producer({"bootstrap.servers": endpoints.bootstrap_servers, "transactional.id": name})
    producer.init_transactions(20)
    producer.begin_transaction()
    return producer


async def test_data_arrives_to_the_byte_with_its_attributes(topic: Topic) -> None:
    body = b'{"b": 1,  "a":1.0e2}'

    async with open_sink(config(topic), topic.name) as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(1, data=body, time=NOW.replace(year=2025))], 0))

    seen = topic.read()[0]
    assert (seen.key, seen.value) == (b"k", body)
    assert (seen.text("ce_id"), seen.text("content-type")) == ("e1", "application/json")


async def test_an_envelope_arrives_as_a_structured_event(topic: Topic) -> None:
    async with open_sink(config(topic, format="envelope"), topic.name) as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(1)], 0))

    seen = topic.read()[0]
    assert seen.text("content-type").startswith("application/cloudevents+json")
    assert json.loads(seen.value or b"")["data"] == {"amount": 1}


async def test_the_timestamp_is_the_event_s_time(endpoints: Endpoints, unique: Callable[[], str]) -> None:
    topic = Topic(endpoints, unique(), {"retention.ms": "-1"})
    async with open_sink(config(topic), topic.name) as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(1, time=NOW.replace(year=2025))], 0))

    assert topic.read()[0].timestamp == NOW.replace(year=2025).timestamp() * 1_000 // 1


async def test_a_position_moves_with_the_records_and_over_gaps(topic: Topic) -> None:
    async with open_sink(config(topic), topic.name) as sink:
        before = await sink.claim(PARTITION)
        await sink.write(batch([event(1)], 10, 25))
        await sink.write(batch([], 25, 40))
        after = await sink.claim(PARTITION)

    assert (before, after) == (None, 40)
    assert ids(topic) == ["e1"]


async def test_a_second_owner_fences_the_first(topic: Topic) -> None:
    async with open_sink(config(topic), topic.name) as zombie, open_sink(config(topic), topic.name) as owner:
        await zombie.claim(PARTITION)
        await zombie.write(batch([event(1)], 0))
        position = await owner.claim(PARTITION)

        records = await failure(zombie.write(batch([event(2)], 1)))
        again = await failure(zombie.write(batch([event(2)], 1)))
        await owner.write(batch([event(3)], 1))

    assert position == 1
    assert (records.reason, again.error_class) == (Reason.PRODUCER_FENCED, ErrorClass.FENCED)
    assert ids(topic) == ["e1", "e3"]


async def test_only_a_new_claim_lets_a_fenced_owner_write_again(topic: Topic) -> None:
    async with open_sink(config(topic), topic.name) as first, open_sink(config(topic), topic.name) as second:
        await first.claim(PARTITION)
        await second.claim(PARTITION)
        await second.write(batch([event(1)], 0))
        await failure(first.write(batch([event(1)], 0)))

        position = await first.claim(PARTITION)
        await first.write(batch([event(2)], 1))

    assert position == 1
    assert ids(topic) == ["e1", "e2"]


@pytest.mark.parametrize("first", [0, 2])
async def test_a_batch_that_does_not_begin_at_the_position_is_refused(topic: Topic, first: int) -> None:
    async with open_sink(config(topic), topic.name) as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(1)], 0))

        refusal = await failure(sink.write(batch([event(2)], first)))

    assert refusal.reason is Reason.POSITION_MOVED
    assert ids(topic) == ["e1"]


async def test_a_claim_after_an_abandoned_transaction_sees_the_committed_position_only(
    endpoints: Endpoints, topic: Topic
) -> None:
    slot = Slot(positions_topic(topic.name), PARTITION)
    async with open_sink(config(topic), topic.name) as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(1)], 0))
    dying = open_transaction(endpoints, transactional_id(topic.name, PARTITION))
    dying.produce(topic.name, b"never committed", b"k", headers={"ce_id": b"e2"})
    dying.produce(slot.topic, slot.value(2), slot.key, 0)
    dying.flush(20)

    async with open_sink(config(topic), topic.name) as sink:
        position = await sink.claim(PARTITION)
        await sink.write(batch([event(2)], 1))

    assert position == 1
    assert ids(topic) == ["e1", "e2"]
    assert len(topic.read("read_uncommitted")) == 3


async def test_a_position_behind_the_open_transaction_of_another_partition_is_waited_for(
    endpoints: Endpoints, topic: Topic
) -> None:
    other = Slot(positions_topic(topic.name), OTHER)
    async with open_sink(config(topic), topic.name) as old, open_sink(config(topic), topic.name) as new:
        await old.claim(PARTITION)
        open_one = open_transaction(endpoints, transactional_id(topic.name, OTHER))
        open_one.produce(other.topic, other.value(7), other.key, 0)
        open_one.flush(20)
        await old.write(batch([event(1)], 0))

        claiming = asyncio.create_task(new.claim(PARTITION))
        done_early, _ = await asyncio.wait({claiming}, timeout=2)
        open_one.commit_transaction(20)
        position = await claiming

    assert done_early == set()
    assert position == 1


async def test_a_record_that_is_too_large_is_refused_alone(topic: Topic) -> None:
    events = [event(1), event(2, data=b"x" * 2_000_000), event(3)]
    async with open_sink(config(topic), topic.name) as sink:
        await sink.claim(PARTITION)
        with pytest.raises(RecordsRefusedError) as caught:
            await sink.write(batch(events, 0))
        await sink.write(batch([events[0], events[2]], 0, 3))
        position = await sink.claim(PARTITION)

    assert {index: error.reason for index, error in caught.value.refused.items()} == {1: Reason.PAYLOAD_TOO_LARGE}
    assert position == 3
    assert ids(topic) == ["e1", "e3"]


async def test_what_the_broker_refuses_is_a_refusal_and_the_next_write_goes_through(topic: Topic) -> None:
    """As when the topic's limit is lowered while the sink runs."""
    async with open_sink(config(topic), topic.name) as sink:
        await sink.claim(PARTITION)
        topic.change("max.message.bytes", str(SMALL))

        refusal = await failure(sink.write(batch([event(1), event(2, data=noise(2 * SMALL))], 0)))
        await sink.write(batch([event(1)], 0))
        position = await sink.claim(PARTITION)

    assert (refusal.reason, refusal.action) == (Reason.PAYLOAD_TOO_LARGE, Action.DEAD_LETTER)
    assert position == 1
    assert ids(topic) == ["e1"]


async def test_many_records_go_through_a_topic_that_takes_small_batches_only(
    endpoints: Endpoints, unique: Callable[[], str]
) -> None:
    topic = Topic(endpoints, unique(), {"max.message.bytes": str(SMALL)})
    async with open_sink(config(topic), topic.name) as sink:
        await sink.claim(PARTITION)

        await sink.write(batch([event(number, data=noise(SMALL // 2)) for number in range(50)], 0))

    assert ids(topic) == [f"e{number}" for number in range(50)]


async def test_a_topic_that_is_missing_is_told_with_what_to_do(endpoints: Endpoints, unique: Callable[[], str]) -> None:
    name = unique()
    nowhere = {"bootstrap_servers": endpoints.bootstrap_servers, "topic": name}
    async with open_sink(KafkaConfig.model_validate(nowhere), name) as sink:
        missing = await failure(sink.claim(PARTITION))
        Topic(endpoints, name)
        position = await sink.claim(PARTITION)

    assert (missing.reason, missing.fix) == (Reason.TARGET_MISSING, "Create the topic; the sink does not.")
    assert name in missing.message
    assert position is None


async def test_a_topic_that_is_deleted_meanwhile_loses_no_position(endpoints: Endpoints, topic: Topic) -> None:
    async with open_sink(config(topic, timeout_seconds=5), topic.name) as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(1)], 0))
        topic.delete()

        gone = await failure(sink.write(batch([event(2)], 1)))
        Topic(endpoints, topic.name)
        position = await sink.claim(PARTITION)
        await sink.write(batch([event(2)], 1))

    assert gone.reason in (Reason.TARGET_MISSING, Reason.TRANSACTION_OUTCOME_UNKNOWN)
    assert position == 1
    assert ids(topic) == ["e2"]


async def test_the_position_moves_over_records_that_are_given_up_even_without_a_topic(topic: Topic) -> None:
    async with open_sink(config(topic), topic.name) as sink:
        await sink.claim(PARTITION)
        topic.change("max.message.bytes", str(SMALL))
        await failure(sink.write(batch([event(1, data=noise(2 * SMALL))], 0)))
        topic.delete()

        await sink.write(batch([], 0, 1))
        after = await failure(sink.claim(PARTITION))

    assert after.reason is Reason.TARGET_MISSING


async def test_records_that_are_refused_give_the_partition_to_nobody_who_has_lost_it(topic: Topic) -> None:
    async with open_sink(config(topic), topic.name) as zombie, open_sink(config(topic), topic.name) as owner:
        await zombie.claim(PARTITION)
        topic.change("max.message.bytes", str(SMALL))
        await failure(zombie.write(batch([event(1, data=noise(2 * SMALL))], 0)))
        await owner.claim(PARTITION)
        await owner.write(batch([event(2)], 0))

        late = await failure(zombie.write(batch([event(3)], 0)))

    assert late.error_class is ErrorClass.FENCED
    assert ids(topic) == ["e2"]


async def test_the_topic_of_positions_is_compacted(endpoints: Endpoints, topic: Topic) -> None:
    async with open_sink(config(topic), topic.name) as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(1)], 0))

    positions = read(endpoints.bootstrap_servers, f"{topic.name}.positions")
    assert [json.loads(one.value or b"") for one in positions] == [{"position": 1, "topic": "orders.v1"}]
    assert settings(endpoints.bootstrap_servers, f"{topic.name}.positions")["cleanup.policy"] == "compact"


async def test_a_topic_of_positions_that_would_forget_is_refused(endpoints: Endpoints, topic: Topic) -> None:
    forgetful = Topic(endpoints, f"{topic.name}.positions", {"cleanup.policy": "compact,delete"})

    async with open_sink(config(topic), topic.name) as sink:
        refusal = await failure(sink.claim(PARTITION))

    assert refusal.reason is Reason.CONFIG_INVALID
    assert forgetful.name in refusal.message


async def test_a_broker_that_is_away_is_told_at_once_and_waited_for(topic: Topic) -> None:
    async with open_sink(config(topic, bootstrap_servers="127.0.0.1:1"), topic.name) as sink:
        async with asyncio.timeout(10):
            away = await failure(sink.claim(PARTITION))

    assert (away.reason, away.action) == (Reason.TARGET_UNREACHABLE, Action.RETRY)
    assert "127.0.0.1:1" in away.message


async def test_a_file_of_certificates_that_is_missing_is_a_mistake_of_the_configuration(topic: Topic) -> None:
    async with open_sink(config(topic, tls={"ca": "/no/such/file.pem"}), topic.name) as sink:
        refusal = await failure(sink.claim(PARTITION))

    assert (refusal.reason, refusal.action) == (Reason.CONFIG_INVALID, Action.STOP)
    assert "ssl.ca.location" in refusal.message


async def test_partitions_of_one_sink_are_written_at_once(topic: Topic) -> None:
    async def deliver(sink: KafkaSink, number: int) -> None:
        mine = TopicPartition("cluster", "topic-id", "orders.v1", number)
        await sink.claim(mine)
        for first in range(0, 30, 3):
            events = [event(number * 100 + offset) for offset in range(first, first + 3)]
            await sink.write(batch(events, first, partition=mine))

    async with open_sink(config(topic), topic.name) as sink:
        await asyncio.gather(*(deliver(sink, number) for number in range(4)))

    assert sorted(ids(topic)) == sorted(f"e{number * 100 + offset}" for number in range(4) for offset in range(30))
