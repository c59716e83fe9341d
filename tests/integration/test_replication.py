"""A table, captured by the source and written by the Postgres sink, is the same row for row."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import psycopg
import pytest

from router.api import Reason, RecordsRefusedError, Schema, Window
from router.dev.endpoints import Endpoints
from sinks.postgres.sink import open_sink
from sources.postgres_cdc.source import open_source
from tests.integration.change_capture import CommittedLog, Delivery, Origin, differences, replicate, running
from tests.integration.postgres_sinks import config, failure
from tests.unit.sinks.examples import PARTITION

TEXTS = ("", "plain", "tab\tnewline\nback\\slash 'quote' \"double\"", "Grüße 🎉", "\\N", "x" * 10_000)


@pytest.fixture
async def origin(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Origin]:
    origin = Origin(endpoints, unique())
    yield origin
    await origin.drop()


def disturb(connection: psycopg.Connection, chance: random.Random, rounds: int) -> None:
    """Random changes, several to a transaction, some of them rolled back."""
    for _ in range(rounds):
        # Two who change the same rows get in each other's way; what Postgres rolls back is a rollback like any other.
        conflicts = suppress(psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation)
        with conflicts, connection.transaction(force_rollback=chance.random() < 0.1):
            for _ in range(chance.randint(1, 8)):
                one_change(connection, chance)


def one_change(connection: psycopg.Connection, chance: random.Random) -> None:
    key, other = chance.randint(1, 300), chance.randint(1, 300)
    match chance.choices(("insert", "update", "touch", "move", "delete", "truncate"), (30, 30, 20, 8, 20, 0.2))[0]:
        case "insert":
            connection.execute(
                "INSERT INTO origin VALUES (%s, %s, %s, %s, now()) ON CONFLICT (id) DO UPDATE SET big = excluded.big",
                (key, chance.randint(-(2**31), 2**31 - 1), chance.choice(TEXTS), big(chance)),
            )
        case "update":
            connection.execute(
                "UPDATE origin SET text = %s, big = %s WHERE id = %s", (chance.choice(TEXTS), big(chance), key)
            )
        case "touch":
            connection.execute("UPDATE origin SET number = number # 1 WHERE id < %s", (key // 10,))
        case "move":
            connection.execute(
                "UPDATE origin SET id = %s WHERE id = %s AND NOT EXISTS (SELECT FROM origin WHERE id = %s)",
                (other, key, other),
            )
        case "delete":
            connection.execute("DELETE FROM origin WHERE id = %s", (key,))
        case _:
            connection.execute("TRUNCATE origin")


def big(chance: random.Random) -> str:
    """A text that Postgres stores outside of the row, since it cannot be compressed."""
    return chance.randbytes(3_000).hex()


@pytest.mark.parametrize("identity", ["DEFAULT", "FULL"])
async def test_a_table_under_random_changes_is_replicated_row_for_row(
    origin: Origin, endpoints: Endpoints, identity: str
) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY, number int, text text, big text, at timestamptz)")
    origin.run(f"ALTER TABLE origin REPLICA IDENTITY {identity}")
    origin.run("ALTER TABLE origin ALTER big SET STORAGE external")
    origin.run("INSERT INTO origin SELECT g, g, 'row', repeat('x', 5000), now() FROM generate_series(1, 200) g")
    log, chance = CommittedLog(), random.Random(7)  # noqa: S311  nothing secret

    with origin.connect() as first, origin.connect() as second:
        others = random.Random(8)  # noqa: S311
        writing = [asyncio.to_thread(disturb, first, chance, 100), asyncio.to_thread(disturb, second, others, 100)]
        async with running(origin.config("origin"), log) as run:
            await asyncio.gather(*writing)
            ((end,),) = origin.run("INSERT INTO origin (id) VALUES (1000) RETURNING id")
            await run.until(lambda: bool(log.records) and log.records[-1].subject == f'{{"id":{end}}}')

    for most in (7, 5000):
        origin.run("DROP TABLE IF EXISTS replica, sink_positions, sink_deletions")
        await replicate(origin, endpoints, log, ["id"], most)
        assert differences(origin, "id, number, text, big, at") == []
    assert {op for op, _ in log.ops()} >= set("rcud")


async def captured(origin: Origin, *statements: str) -> CommittedLog:
    """The log of a table `origin` that begins empty, while the statements were executed one after the other."""
    log = CommittedLog()
    async with running(origin.config("origin"), log) as run:
        await run.streams()
        for statement in statements:
            origin.run(statement)
        end = "INSERT INTO origin (id) VALUES (1000000)"
        origin.run(end)
        await run.until(lambda: bool(log.records) and log.records[-1].subject == '{"id":1000000}')
    log.records.pop()
    origin.run("DELETE FROM origin WHERE id = 1000000")
    return log


async def test_an_older_state_never_overwrites_a_newer_one_nor_brings_a_deleted_row_back(
    origin: Origin, endpoints: Endpoints
) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY, n int)")
    log = await captured(
        origin,
        "INSERT INTO origin VALUES (1, 1), (2, 2), (3, 3)",
        "UPDATE origin SET n = 10 WHERE id = 1",
        "DELETE FROM origin WHERE id = 2",
    )
    first, second, third, *later = log.records

    async with open_sink(config(endpoints, f"{origin.name}.replica", mode="upsert", key=["id"]), origin.name) as sink:
        delivery = Delivery(sink)
        await delivery.deliver([*later, first, second])
        await delivery.deliver([first, second, third])

    assert origin.run("SELECT id, n FROM replica ORDER BY id") == [(1, 10), (3, 3)]


async def test_a_backfill_repairs_what_is_missing_and_leaves_newer_rows_alone(
    origin: Origin, endpoints: Endpoints
) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY, n int)")
    log = await captured(origin, "INSERT INTO origin VALUES (1, 1), (2, 2), (3, 3)")
    again = CommittedLog()
    async with open_source(origin.config("origin"), "cdc") as source:
        await source.backfill(again, {}, Window(None, None))
    newer = CommittedLog()
    newer.checkpoints |= log.checkpoints
    async with running(origin.config("origin"), newer) as run:
        origin.run("UPDATE origin SET n = 20 WHERE id = 2")
        origin.run("DELETE FROM origin WHERE id = 3")
        await run.until(lambda: any(record.subject == '{"id":3}' for record in newer.records))

    async with open_sink(config(endpoints, f"{origin.name}.replica", mode="upsert", key=["id"]), origin.name) as sink:
        delivery = Delivery(sink)
        await delivery.deliver(log.records)
        origin.run("DELETE FROM replica WHERE id = 1")
        await delivery.deliver(newer.records)
        await delivery.deliver(again.records)

    assert differences(origin, "id, n") == []
    assert origin.run("SELECT id, n FROM replica ORDER BY id") == [(1, 1), (2, 20)]


async def test_a_truncation_empties_what_is_older_and_leaves_what_came_first_from_another_partition(
    origin: Origin, endpoints: Endpoints
) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY, n int)")
    log = await captured(
        origin,
        "INSERT INTO origin VALUES (1, 1), (2, 2), (3, 3)",
        "TRUNCATE origin",
        "INSERT INTO origin VALUES (3, 30), (4, 40)",
    )
    first, second, third, whole, *newer = log.records

    async with open_sink(config(endpoints, f"{origin.name}.replica", mode="upsert", key=["id"]), origin.name) as sink:
        delivery = Delivery(sink)
        await delivery.deliver([first, third])
        await delivery.deliver(newer)
        await delivery.deliver([whole])
        await delivery.deliver([second])

    assert origin.run("SELECT id, n FROM replica ORDER BY id") == [(3, 30), (4, 40)]


async def test_values_that_stay_outside_of_the_row_are_kept_within_a_batch_and_from_one_to_the_next(
    origin: Origin, endpoints: Endpoints
) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY, n int, big text)")
    origin.run("ALTER TABLE origin ALTER big SET STORAGE external")
    log = await captured(
        origin,
        "INSERT INTO origin VALUES (1, 1, repeat('x', 9000)), (2, 1, repeat('y', 9000))",
        "UPDATE origin SET n = 2",
        "UPDATE origin SET n = 3 WHERE id = 1",
        "DELETE FROM origin WHERE id = 2",
        "INSERT INTO origin VALUES (2, 5, repeat('z', 9000))",
        "UPDATE origin SET n = 6 WHERE id = 2",
    )

    for most in (1, 2, 3, 100):
        origin.run("DROP TABLE IF EXISTS replica, sink_positions, sink_deletions")
        await replicate(origin, endpoints, log, ["id"], most)
        assert differences(origin, "id, n, big") == []


async def test_columns_that_the_origin_gets_the_replica_gets_and_none_is_dropped(
    origin: Origin, endpoints: Endpoints
) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY, a text)")
    log = await captured(
        origin,
        "INSERT INTO origin VALUES (1, 'one')",
        "ALTER TABLE origin ADD COLUMN b numeric(6,2)",
        "INSERT INTO origin VALUES (2, 'two', 2.5)",
        "ALTER TABLE origin DROP COLUMN a",
        "INSERT INTO origin VALUES (3, 3)",
    )

    await replicate(origin, endpoints, log, ["id"], 100)

    assert origin.run("SELECT id, a, b::text FROM replica ORDER BY id") == [
        (1, "one", None),
        (2, "two", "2.50"),
        (3, None, "3.00"),
    ]
    assert differences(origin, "id, b") == []


async def test_the_key_is_named_as_the_origin_names_it(origin: Origin, endpoints: Endpoints) -> None:
    origin.run('CREATE TABLE origin (id int, "Part 2" text, n int, PRIMARY KEY (id, "Part 2"))')
    origin.run("INSERT INTO origin VALUES (1, 'a', 1), (1, 'b', 2)")
    log = CommittedLog()
    async with running(origin.config("origin"), log) as run:
        await run.streams()

    settings = config(endpoints, f"{origin.name}.replica", mode="upsert", key=["id", "Part_2"])
    async with open_sink(settings, origin.name) as sink:
        refused = await failure(Delivery(sink).deliver(log.records))

    assert refused.reason is Reason.TABLE_MISMATCH


async def test_a_key_of_several_columns_is_replicated(origin: Origin, endpoints: Endpoints) -> None:
    origin.run("CREATE TABLE origin (b text, a timestamptz, n int, PRIMARY KEY (a, b))")
    origin.run("INSERT INTO origin VALUES ('x', 'infinity', 1), ('x', '2026-01-01', 2), ('y', '2026-01-01', 3)")
    log = CommittedLog()
    async with running(origin.config("origin"), log) as run:
        await run.streams()
        origin.run("UPDATE origin SET n = n + 1")
        origin.run("DELETE FROM origin WHERE a = 'infinity'")
        await run.until(lambda: len(log.records) == 7)

    await replicate(origin, endpoints, log, ["b", "a"], 3)

    assert differences(origin, "a, b, n") == []
    key = "SELECT indisprimary FROM pg_index WHERE indrelid = 'replica'::regclass"
    assert origin.run(key) == [(True,)]
    assert origin.run("SELECT bool_and(_lsn > 0 AND _index > 0) FROM replica") == [(True,)]


@pytest.mark.parametrize(
    ("key", "table"), [(["n"], "replica"), (["id", "n"], "replica"), (["id"], "mistyped"), (["id"], "demanding")]
)
async def test_a_target_that_does_not_fit_is_refused_before_anything_is_written(
    origin: Origin, endpoints: Endpoints, key: list[str], table: str
) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY, n int)")
    origin.run("CREATE TABLE mistyped (id int PRIMARY KEY, n boolean)")
    origin.run("CREATE TABLE demanding (id int PRIMARY KEY, n int, more int NOT NULL)")
    log = await captured(origin, "INSERT INTO origin VALUES (1, 1)")

    async with open_sink(config(endpoints, f"{origin.name}.{table}", mode="upsert", key=key), origin.name) as sink:
        refused = await failure(Delivery(sink).deliver(log.records))

    assert refused.reason is Reason.TABLE_MISMATCH
    assert origin.run("SELECT count(*) FROM mistyped UNION ALL SELECT count(*) FROM demanding") == [(0,), (0,)]


async def test_a_replica_may_have_wider_columns_of_its_own_making(origin: Origin, endpoints: Endpoints) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY, n smallint, at date, name varchar(5))")
    origin.run("CREATE TABLE replica (id bigint PRIMARY KEY, n numeric, at text, name text, note text DEFAULT 'ours')")
    log = await captured(origin, "INSERT INTO origin VALUES (1, 2, '2026-01-01', 'x')", "UPDATE origin SET n = 3")

    await replicate(origin, endpoints, log, ["id"], 1)

    assert origin.run("SELECT id, n::text, at, name, note FROM replica") == [(1, "3", "2026-01-01", "x", "ours")]


async def test_a_schema_cannot_bring_sql_of_its_own(origin: Origin, endpoints: Endpoints) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY)")
    log = await captured(origin, "INSERT INTO origin VALUES (1)")
    schema = log.records[0].schema
    assert schema is not None
    evil = json.loads(json.dumps(schema.avro).replace('"integer"', '"integer); DROP TABLE origin; --"'))
    records = [record._replace(schema=Schema(evil)) for record in log.records]

    async with open_sink(config(endpoints, f"{origin.name}.replica", mode="upsert", key=["id"]), origin.name) as sink:
        refused = await failure(Delivery(sink).deliver(records))

    assert refused.reason is Reason.TABLE_MISMATCH
    assert origin.run("SELECT to_regclass('replica')") == [(None,)]


async def test_changes_are_appended_as_events_where_the_mode_says_so(origin: Origin, endpoints: Endpoints) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY, at timestamptz)")
    log = await captured(origin, "INSERT INTO origin VALUES (1, 'infinity')", "DELETE FROM origin")

    async with open_sink(config(endpoints, f"{origin.name}.history"), origin.name) as sink:
        await Delivery(sink).deliver(log.records)

    assert origin.run("SELECT op, before->>'id', after->>'id', texts->>'at' FROM history ORDER BY op") == [
        ("c", None, "1", "infinity"),
        ("d", "1", None, None),
    ]


async def test_a_change_that_is_none_is_refused_alone(origin: Origin, endpoints: Endpoints) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY, n int)")
    log = await captured(origin, "INSERT INTO origin VALUES (1, 1), (2, 2), (3, 3)")
    good, without_key, without_row = log.records
    assert isinstance(without_row.data, dict)
    records = [good, without_key._replace(subject=None), without_row._replace(data={**without_row.data, "after": None})]

    async with open_sink(config(endpoints, f"{origin.name}.replica", mode="upsert", key=["id"]), origin.name) as sink:
        with pytest.raises(RecordsRefusedError) as refused:
            await Delivery(sink).deliver(records)

    assert {number: error.reason for number, error in refused.value.refused.items()} == {
        1: Reason.PAYLOAD_MALFORMED,
        2: Reason.PAYLOAD_MALFORMED,
    }


async def test_a_change_of_a_partition_that_another_owner_has_claimed_has_no_effect(
    origin: Origin, endpoints: Endpoints
) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY)")
    log = await captured(origin, "INSERT INTO origin VALUES (1)", "INSERT INTO origin VALUES (2)", "DELETE FROM origin")
    settings = config(endpoints, f"{origin.name}.replica", mode="upsert", key=["id"])

    async with open_sink(settings, origin.name) as sink, open_sink(settings, origin.name) as other:
        zombie = Delivery(sink)
        await zombie.deliver(log.records[:2])
        await other.claim(PARTITION)
        fenced = await failure(zombie.deliver(log.records[2:]))

    assert fenced.reason is Reason.POSITION_MOVED
    assert origin.run("SELECT id FROM replica ORDER BY id") == [(1,), (2,)]
    assert origin.run("SELECT count(*) FROM sink_deletions") == [(0,)]


async def test_deletions_are_forgotten_when_nothing_older_can_come_any_more(
    origin: Origin, endpoints: Endpoints
) -> None:
    origin.run("CREATE TABLE origin (id int PRIMARY KEY)")
    log = await captured(origin, "INSERT INTO origin VALUES (1), (2)", "DELETE FROM origin")
    *created, first, second = log.records
    settings = config(endpoints, f"{origin.name}.replica", mode="upsert", key=["id"], deletions_kept_hours=24)

    async with open_sink(settings, origin.name) as sink:
        await Delivery(sink).deliver([*created, first, second])
    origin.run("UPDATE sink_deletions SET at = at - interval '25 hours' WHERE key = %s", first.subject)
    async with open_sink(settings, f"{origin.name}-anew") as sink:
        await Delivery(sink).deliver(created[:1])

    assert origin.run("SELECT key FROM sink_deletions") == [(second.subject,)]
