"""A table, by the source into Kafka in transactions and by the sink out of it, is the same, whatever is interrupted."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable

import pytest

from router.api import Batch, Event, Schema, TopicPartition
from router.dev.endpoints import Endpoints
from router.envelope.codec import schema_id
from router.kafka.consumer import Consumed
from sinks.postgres.sink import open_sink
from sources.postgres_cdc import connector
from tests.integration.change_capture import Origin, differences
from tests.integration.fetching import Bench, Watch, bench
from tests.integration.postgres_sinks import config
from tests.integration.test_replication import disturb

TABLE = "CREATE TABLE origin (id int PRIMARY KEY, number int, text text, big text, at timestamptz)"


@pytest.fixture
async def origin(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Origin]:
    origin = Origin(endpoints, unique())
    yield origin
    await origin.drop()


@pytest.fixture
async def made(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Bench]:
    async with bench(endpoints, unique()) as one:
        yield one


async def test_a_table_is_replicated_through_kafka_while_the_source_is_stopped_again_and_again(
    origin: Origin, made: Bench, endpoints: Endpoints
) -> None:
    origin.run(TABLE)
    origin.run("ALTER TABLE origin ALTER big SET STORAGE external")
    origin.run("INSERT INTO origin SELECT g, g, 'row', repeat('x', 5000), now() FROM generate_series(1, 300) g")
    chance = random.Random(11)  # noqa: S311  nothing secret
    settings = origin.config("origin")

    with origin.connect() as connection:
        for _ in range(6):
            writing = asyncio.to_thread(disturb, connection, chance, 50)
            await asyncio.gather(writing, captured(made, settings, lambda watch: bool(watch.emissions)))
    origin.run("INSERT INTO origin (id) VALUES (1000)")
    await captured(made, settings, lambda watch: bool(watch.emissions), '{"id":1000}')
    records = await made.committed()
    await deliver(made, records, endpoints, f"{origin.name}.replica")

    ids = [dict(record.headers)["ce_id"] for record in records]
    assert len(ids) == len(set(ids))
    assert differences(origin, "id, number, text, big, at") == []
    assert {data_type(record) for record in records} >= {"read", "inserted", "updated", "deleted"}


async def captured(made: Bench, settings: object, enough: Callable[[Watch], bool], subject: str | None = None) -> None:
    """Run the source until there is enough, and, if given, until the subject is on the topic."""
    watch = Watch()
    task = made.task(None, watch, connector=connector, config=settings)  # type: ignore[arg-type]
    run = asyncio.create_task(task.run())
    async with asyncio.timeout(60):
        while not enough(watch) or (subject is not None and not await is_there(made, subject)):
            assert not run.done(), watch.failures
            await asyncio.sleep(0.02)
    task.stop()
    await run


async def is_there(made: Bench, subject: str) -> bool:
    return any(record.key == subject.encode() for record in await made.committed())


async def deliver(made: Bench, records: list[Consumed], endpoints: Endpoints, table: str) -> None:
    """Write each partition's records in their order."""
    async with open_sink(config(endpoints, table, mode="upsert", key=["id"]), "replica") as sink:
        for number in sorted({record.partition for record in records}):
            partition = TopicPartition("cluster", "topic", made.topic, number)
            await sink.claim(partition)
            some = [record for record in records if record.partition == number]
            decoded = [await decode(made, record) for record in some]
            first, following = some[0].offset, some[-1].offset + 1
            schema = decoded[0][1]
            await sink.write(Batch(partition, tuple([event for event, _ in decoded]), first, following, schema))


async def decode(made: Bench, record: Consumed) -> tuple[Event, Schema | None]:
    decoder = await made.registry.decoder(schema_id(record.value))
    return decoder.decode(record.value or b"", record.key, record.offset), decoder.data


def data_type(record: Consumed) -> str:
    value = dict(record.headers)["ce_type"]
    assert isinstance(value, bytes)
    return value.decode().rpartition(".")[2]
