"""Offsets over REST: shown at any time, and moved while the connector is stopped."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from confluent_kafka import Consumer

from router.dev.stack import Endpoints
from router.fetching.states import State
from router.kafka.clients import producer as producer_settings
from router.kafka.log import read_topic
from router.kafka.producer import AsyncProducer, Message
from router.kafka.topics import Topics, TopicSpec
from tests.integration.rest_api import Answer, RestApi, http_sink, rest_api
from tests.integration.stack_clients import write_topic


@pytest.fixture
async def api(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[RestApi]:
    async with rest_api(endpoints, unique()) as running:
        yield running


@pytest.fixture
def topic(endpoints: Endpoints, unique: Callable[[], str]) -> str:
    """A topic of one partition with three records."""
    name = unique()
    write_topic(endpoints, name, [b"0", b"1", b"2"])
    return name


def _sink(topic: str) -> dict[str, str]:
    return http_sink(topics=topic, scopes__topics=topic)


def _postgres(topic: str) -> dict[str, str]:
    return {
        "connector.class": "sink.postgres",
        "topics": topic,
        "scopes.topics": topic,
        "scopes.hosts": "db:5432",
        "scopes.secrets": "${env:DB_PASSWORD}",
        "config.host": "db",
        "config.database": "shop",
        "config.user": "shop",
        "config.password": "${env:DB_PASSWORD}",
        "config.table": "orders",
    }


POLL = {
    "connector.class": "source.http_poll",
    "scopes.topics": "orders.v1",
    "scopes.hosts": "api.example.com:443",
    "routes.0.topic": "orders.v1",
    "config.base_url": "https://api.example.com",
    "config.streams.orders.path": "/orders",
}


def _at(topic: str, offset: Any, partition: Any = 0) -> dict[str, Any]:
    place = {"kafka_topic": topic, "kafka_partition": partition}
    return {"partition": place, "offset": None if offset is None else {"kafka_offset": offset}}


async def _patch(api: RestApi, name: str, *offsets: dict[str, Any]) -> Answer:
    return await api.ask("PATCH", f"/connectors/{name}/offsets", {"offsets": list(offsets)})


async def _shown(api: RestApi, name: str) -> Any:
    return (await api.ask("GET", f"/connectors/{name}/offsets")).body["offsets"]


async def test_a_stopped_sinks_offsets_are_set_reset_and_shown(api: RestApi, topic: str) -> None:
    await api.create("orders", _sink(topic), initial_state="STOPPED")
    before = await _shown(api, "orders")

    set_to = await _patch(api, "orders", _at(topic, "2", "0"))
    after = await _shown(api, "orders")
    one_reset = await _patch(api, "orders", _at(topic, None))
    begun_anew = await _shown(api, "orders")
    await _patch(api, "orders", _at(topic, 3))
    all_reset = await api.ask("DELETE", "/connectors/orders/offsets")

    assert before == []
    assert (set_to.status, set_to.body["message"]) == (
        200,
        "The offsets for this connector have been altered successfully",
    )
    assert after == [_at(topic, 2)]
    assert (one_reset.status, begun_anew) == (200, [_at(topic, 0)])
    assert (all_reset.status, all_reset.body["message"]) == (
        200,
        "The offsets for this connector have been reset successfully",
    )
    assert await _shown(api, "orders") == [_at(topic, 0)]


async def test_whoever_moves_a_sinks_offsets_gets_its_events_again(
    api: RestApi, topic: str, endpoints: Endpoints
) -> None:
    servers, keys = endpoints.bootstrap_servers, f"{api.pipeline.name}.orders.keys"
    await Topics(servers).ensure({keys: TopicSpec(1, 1, 1, None)})
    async with AsyncProducer(producer_settings(servers, "test")) as producer:
        await producer.send([Message(keys, None, bytes(24), [], 0)])
    await api.create("orders", _sink(topic), initial_state="STOPPED")

    answer = await _patch(api, "orders", _at(topic, 0))

    assert answer.status == 200
    assert await asyncio.to_thread(lambda: list(read_topic(servers, keys))) == []


async def test_a_running_connectors_offsets_stay(api: RestApi, topic: str) -> None:
    await api.create("orders", _sink(topic))

    answers = [await _patch(api, "orders", _at(topic, 2)), await api.ask("DELETE", "/connectors/orders/offsets")]

    for answer in answers:
        assert answer.status == 400
        assert answer.message == (
            "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the "
            "specified connector by issuing a 'PUT' request to the '/connectors/orders/stop' endpoint"
        )
    assert await _shown(api, "orders") == []


async def test_offsets_move_once_the_tasks_have_stopped(api: RestApi, topic: str) -> None:
    await api.create("orders", _sink(topic))
    await api.report("orders", State.RUNNING)
    await api.ask("PUT", "/connectors/orders/stop")
    await api.report("orders", State.STOPPED)

    answer = await _patch(api, "orders", _at(topic, 1))

    assert answer.status == 200


async def test_a_group_that_somebody_is_in_is_left_alone(api: RestApi, topic: str, endpoints: Endpoints) -> None:
    await api.create("orders", _sink(topic), initial_state="STOPPED")
    group = f"{api.pipeline.name}.orders"
    consumer = Consumer(
        {"bootstrap.servers": endpoints.bootstrap_servers, "group.id": group, "auto.offset.reset": "earliest"}
    )
    try:
        consumer.subscribe([topic])
        assert consumer.poll(30) is not None

        answer = await _patch(api, "orders", _at(topic, 2))
    finally:
        consumer.close()

    assert answer.status == 409
    assert "have not left" in answer.message


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "need to be provided"),
        ({"offsets": []}, "need to be provided"),
        ({"offsets": [{"partition": None, "offset": None}]}, "needs a `partition`"),
        ({"offsets": [{"partition": {}}]}, "needs an `offset`"),
        ({"offsets": [{"partition": {"topic": "a"}, "offset": None}]}, "'kafka_topic' and 'kafka_partition'"),
        ({"offsets": [_at("another", 1)]}, "not one of the connector's topics"),
        ({"offsets": [_at("TOPIC", 1, "x")]}, "Partition values for sink connectors need to be integers"),
        ({"offsets": [_at("TOPIC", "x")]}, "Offset values for sink connectors need to be integers"),
        ({"offsets": [_at("TOPIC", -1)]}, "Offset values for sink connectors need to be integers"),
        ({"offsets": [_at("TOPIC", 1, 7)]}, "has no partition 7"),
    ],
)
async def test_what_are_no_offsets_of_a_sink_is_400(api: RestApi, topic: str, body: dict[str, Any], part: str) -> None:
    await api.create("orders", _sink(topic), initial_state="STOPPED")
    for one in body.get("offsets", []):
        if (one["partition"] or {}).get("kafka_topic") == "TOPIC":
            one["partition"]["kafka_topic"] = topic

    answer = await api.ask("PATCH", "/connectors/orders/offsets", body)

    assert answer.status == 400
    assert part in answer.message


async def test_a_sink_that_keeps_its_position_itself_says_so(api: RestApi, topic: str) -> None:
    await api.create("orders", _postgres(topic), initial_state="STOPPED")

    answers = [await _patch(api, "orders", _at(topic, 2)), await api.ask("DELETE", "/connectors/orders/offsets")]

    assert [answer.status for answer in answers] == [400, 400]
    assert all("keeps its position itself" in answer.message for answer in answers)


async def test_a_stopped_sources_checkpoints_are_set_and_reset(api: RestApi) -> None:
    await api.create("poll", POLL, initial_state="STOPPED")
    before = await _shown(api, "poll")
    wanted = {"partition": {"stream": "orders"}, "offset": {"cursor": 7}}

    set_to = await _patch(api, "poll", wanted)
    after = await _shown(api, "poll")
    wrong = await _patch(api, "poll", {"partition": {"table": "orders"}, "offset": None})
    reset = await api.ask("DELETE", "/connectors/poll/offsets")

    assert before == []
    assert (set_to.status, after) == (200, [wanted])
    assert wrong.status == 400
    assert (reset.status, await _shown(api, "poll")) == (200, [])
