"""The table of the Postgres sink: created, widened, and never changed otherwise."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from router.api import Reason, TopicPartition
from router.dev.endpoints import Endpoints
from sinks.postgres.sink import open_sink
from tests.integration.postgres_sinks import Database, config, failure, reason, write_all
from tests.unit.sinks.examples import batch, event, field, record, secret

OLD = record(field("id", "long"), field("dropped", "string"))
NEW = record(field("id", "long"), field("added", ["null", {"type": "int", "logicalType": "date"}]))


@pytest.fixture
def database(endpoints: Endpoints) -> Iterator[Database]:
    database = Database(endpoints)
    yield database
    database.close()


@pytest.fixture
def table(unique: Callable[[], str]) -> str:
    return unique()


async def test_a_new_field_becomes_a_column_and_an_old_one_stays(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    async with open_sink(config(endpoints, table), table) as sink:
        await write_all(sink, batch([event(1, data={"id": 1, "dropped": "x"})], 0, None, OLD))
        await sink.write(batch([event(2, data={"id": 2, "added": None})], 1, None, NEW))
        await sink.write(batch([event(3, data={"id": 3, "dropped": "y"})], 2, None, OLD))

    assert database.run("SELECT id, dropped, added FROM {} ORDER BY id", table) == [
        (1, "x", None),
        (2, None, None),
        (3, "y", None),
    ]
    assert database.types(table)["added"] == "date"


async def test_many_sinks_may_create_and_widen_a_table_at_once(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    async def deliver(number: int) -> None:
        partition = TopicPartition("cluster", "topic-id", "orders.v1", number)
        schema = record(field("id", "long"), field(f"f{number % 3}", ["null", "string"]))
        async with open_sink(config(endpoints, table), table) as sink:
            await sink.claim(partition)
            await sink.write(batch([event(number, data={"id": number})], 0, 1, schema, partition))

    await asyncio.gather(*(deliver(number) for number in range(8)))

    assert database.count(table) == 8
    assert {"f0", "f1", "f2"} <= database.types(table).keys()


async def test_a_wider_column_is_used_as_it_is(endpoints: Endpoints, database: Database, table: str) -> None:
    database.run("CREATE TABLE {} (id numeric, name varchar(20), extra text DEFAULT 'x' NOT NULL)", table)
    schema = record(field("id", "int"), field("name", "string"))

    async with open_sink(config(endpoints, table), table) as sink:
        await write_all(sink, batch([event(1, data={"id": 1, "name": "a"})], 0, None, schema))

    assert database.run("SELECT id, name, extra FROM {}", table) == [(1, "a", "x")]
    assert database.types(table)["id"] == "numeric"


@pytest.mark.parametrize(
    "definition",
    [
        "CREATE TABLE {} (id integer)",
        "CREATE TABLE {} (id text)",
        "CREATE TABLE {} (id bigint, mandatory text NOT NULL)",
        "CREATE TABLE {} (id bigint, _idempotency_key text DEFAULT 'x'); INSERT INTO {} (id) VALUES (1), (2)",
        "CREATE TABLE {} (id bigint, _id bigint)",
        "CREATE VIEW {} AS SELECT 1::bigint AS id",
    ],
)
async def test_a_table_that_does_not_fit_stops_the_sink_and_stays_as_it_is(
    endpoints: Endpoints, database: Database, table: str, definition: str
) -> None:
    for statement in definition.split("; "):
        database.run(statement, table)
    before = database.types(table)

    async with open_sink(config(endpoints, table), table) as sink:
        error = await failure(write_all(sink, batch([event(1, data={"id": 1})], 0, None, record(field("id", "long")))))

    assert error.reason is Reason.TABLE_MISMATCH
    assert database.types(table) == before


async def test_a_reserved_column_name_stops_the_sink(endpoints: Endpoints, table: str) -> None:
    schema = record(field("ctid", "string"))

    async with open_sink(config(endpoints, table), table) as sink:
        assert await reason(write_all(sink, batch([event(1, data={"ctid": "x"})], 0, None, schema))) is (
            Reason.TABLE_MISMATCH
        )


async def test_a_table_may_live_in_a_schema_with_its_positions_beside_it(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    database.run("CREATE SCHEMA {}", table)

    async with open_sink(config(endpoints, f"{table}.Events"), table) as sink:
        await write_all(sink, batch([event(1)], 0))

    assert database.run('SELECT id FROM {}."Events"', table) == [("e1",)]
    assert database.run("SELECT position FROM {}.sink_positions", table) == [(1,)]


async def test_a_role_that_may_not_create_needs_a_table_made_for_it(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    for statement in (
        "CREATE ROLE {} LOGIN PASSWORD 'made-for-this-test'",
        "GRANT TEMPORARY ON DATABASE " + endpoints.postgres_database + " TO {}",
    ):
        database.run(statement, table)
    database.run("CREATE SCHEMA {}", table)
    database.run("GRANT USAGE ON SCHEMA {0} TO {0}", table)
    settings = config(endpoints, f"{table}.events", user=table, password=secret("made-for-this-test"))

    async with open_sink(settings, table) as sink:
        before = await reason(write_all(sink, batch([event(1)], 0)))
        async with open_sink(config(endpoints, f"{table}.events"), "maker") as maker:
            await write_all(maker, batch([event(0)], 0))
        database.run("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {0} TO {0}", table)
        after = await write_all(sink, batch([event(1)], 0))

    assert (before, after) == (Reason.PERMISSION_DENIED, 0)
