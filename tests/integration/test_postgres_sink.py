"""The Postgres sink on a real server: what it writes, what it refuses, and what a position guards."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from router.api import Event, Reason, RecordsRefusedError, TopicPartition
from router.dev.endpoints import Endpoints
from sinks.postgres import connector
from sinks.postgres.sink import PostgresSink, open_sink
from tests.integration.postgres_sinks import Database, config, failure, reason, write_all
from tests.unit.sinks.examples import NOW, PARTITION, batch, event, field, record

ORDER = record(field("id", "long"), field("state", ["null", "string"]))


@pytest.fixture
def database(endpoints: Endpoints) -> Iterator[Database]:
    database = Database(endpoints)
    yield database
    database.close()


@pytest.fixture
def table(unique: Callable[[], str]) -> str:
    return unique()


def order(number: int, key: int, state: str | None, version: int) -> Event:
    return event(number, data={"id": key, "state": state}, version=version)


async def test_bytes_are_kept_to_the_byte_with_their_attributes(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    body = '{"b": 1,  "a":1.0e2, "b": "é"}'
    traceparent = f"00-{'a' * 32}-{'b' * 16}-01"

    async with connector.open(config(endpoints, table), table) as sink:
        assert isinstance(sink, PostgresSink)
        await write_all(sink, batch([event(1, data=body.encode(), tenant="t1", traceparent=traceparent)], 0))

    assert database.run("SELECT *, data::text FROM {}", table)[0][:9] == (
        *("e1", "/shop/orders", "order.paid", "order-1", NOW, "t1", "/shop/orders#e1", NOW, traceparent),
    )
    assert database.run("SELECT data::text FROM {}", table) == [(body,)]


async def test_bytes_that_are_not_json_can_be_kept_too(endpoints: Endpoints, database: Database, table: str) -> None:
    bodies = [b"\x00\xff{", b"", None]

    async with open_sink(config(endpoints, table, payload="bytes"), table) as sink:
        await write_all(sink, batch([event(number, data=body) for number, body in enumerate(bodies)], 0))

    assert [row[0] for row in database.run("SELECT data FROM {} ORDER BY id", table)] == bodies


VALUES: list[tuple[Any, Any]] = [
    ("boolean", True),
    ("int", -(2**31)),
    ("long", 2**63 - 1),
    ("float", 0.5),
    ("double", 1e308),
    ("string", "Grüße 🎉 \\ \t \n"),
    ("bytes", b"\x00\xff"),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, "A"),
    ({"type": "array", "items": "long"}, [1, 2**53 + 1]),
    ({"type": "map", "values": "string"}, {"a": "b"}),
    ({"type": "long", "logicalType": "timestamp-micros"}, datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)),
    ({"type": "long", "logicalType": "timestamp-millis"}, datetime(9999, 12, 31, tzinfo=UTC)),
    ({"type": "long", "logicalType": "local-timestamp-micros"}, datetime(2026, 1, 2, 3, 4, 5, 6)),  # noqa: DTZ001
    ({"type": "int", "logicalType": "date"}, date(1, 1, 1)),
    ({"type": "long", "logicalType": "time-micros"}, time(23, 59, 59, 999999)),
    ({"type": "bytes", "logicalType": "decimal", "precision": 40, "scale": 5}, Decimal("-12345678901234567890.12300")),
    ({"type": "bytes", "logicalType": "decimal", "precision": 4}, Decimal(0)),
    ({"type": "string", "logicalType": "uuid"}, UUID(int=2**127 + 1)),
    (["null", "long"], None),
]


async def test_typed_values_arrive_as_they_were(endpoints: Endpoints, database: Database, table: str) -> None:
    names = [f"f{index}" for index in range(len(VALUES))]
    schema = record(*(field(name, avro) for name, (avro, _) in zip(names, VALUES, strict=True)))
    data = {name: value for name, (_, value) in zip(names, VALUES, strict=True)}

    async with open_sink(config(endpoints, table), table) as sink:
        await write_all(sink, batch([event(1, data=data)], 0, schema=schema))

    stored = database.run(f"SELECT {', '.join(names)} FROM {{}}", table)[0]  # noqa: S608  names of our own
    assert list(stored) == [value for _, value in VALUES]


async def test_an_event_is_appended_once_however_often_it_comes(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    async with open_sink(config(endpoints, table), table) as sink:
        first = await write_all(sink, batch([event(1), event(2), event(1)], 0))
        second = await sink.write(batch([event(2), event(3)], 3))

    assert (first, second) == (1, 1)
    assert database.count(table) == 3


async def test_a_position_moves_with_the_rows_and_over_gaps(endpoints: Endpoints, table: str) -> None:
    async with open_sink(config(endpoints, table), table) as sink:
        before = await sink.claim(PARTITION)
        await sink.write(batch([event(1)], 10, 25))
        await sink.write(batch([], 25, 40))
        after = await sink.claim(PARTITION)

    assert (before, after) == (None, 40)


async def test_positions_of_partitions_sinks_and_recreated_topics_are_apart(endpoints: Endpoints, table: str) -> None:
    recreated = TopicPartition("cluster", "another-topic-id", "orders.v1", 0)
    other = TopicPartition("cluster", "topic-id", "orders.v1", 1)
    settings = config(endpoints, table)

    async with open_sink(settings, f"{table}-a") as sink, open_sink(settings, f"{table}-b") as another:
        await write_all(sink, batch([event(1)], 10))
        positions = [await sink.claim(recreated), await sink.claim(other), await another.claim(PARTITION)]

    assert positions == [None, None, None]


async def test_who_is_fenced_writes_nothing(endpoints: Endpoints, database: Database, table: str) -> None:
    settings = config(endpoints, table)
    async with open_sink(settings, table) as zombie, open_sink(settings, table) as owner:
        await write_all(zombie, batch([event(1)], 0))
        position = await owner.claim(PARTITION)

        rows = await reason(zombie.write(batch([event(2)], 1)))
        empty = await reason(zombie.write(batch([], 1, 2)))

    assert (position, rows, empty) == (1, Reason.POSITION_MOVED, Reason.POSITION_MOVED)
    assert database.count(table) == 1


@pytest.mark.parametrize("first", [0, 2])
async def test_a_batch_that_does_not_begin_at_the_position_is_refused(
    endpoints: Endpoints, database: Database, table: str, first: int
) -> None:
    async with open_sink(config(endpoints, table), table) as sink:
        await write_all(sink, batch([event(1)], 0))

        refused = await reason(sink.write(batch([event(2)], first)))
        await sink.write(batch([event(3)], 1))

    assert refused is Reason.POSITION_MOVED
    assert database.run("SELECT id FROM {} ORDER BY id", table) == [("e1",), ("e3",)]


async def test_a_partition_must_be_claimed(endpoints: Endpoints, table: str) -> None:
    async with open_sink(config(endpoints, table), table) as sink:
        assert await reason(sink.write(batch([event(1)], 0))) is Reason.POSITION_MOVED


async def test_an_upsert_keeps_the_newest_and_replay_undoes_nothing(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    async with open_sink(config(endpoints, table, mode="upsert", key=["id"]), table) as sink:
        await write_all(
            sink, batch([order(1, 7, "new", 1), order(2, 8, "new", 2), order(3, 7, "paid", 3)], 0, None, ORDER)
        )
        older = await sink.write(batch([order(4, 7, "new", 1), order(5, 8, "sent", 9)], 3, None, ORDER))
        same = await sink.write(batch([order(6, 8, "again", 9)], 5, None, ORDER))

    assert database.run("SELECT id, state, _id FROM {} ORDER BY id", table) == [(7, "paid", "e3"), (8, "sent", "e5")]
    assert (older, same) == (1, 1)


async def test_an_upsert_takes_over_rows_that_have_no_version(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    database.run("CREATE TABLE {} (id bigint PRIMARY KEY, state text)", table)
    database.run("INSERT INTO {} VALUES (7, 'old'), (9, 'old')", table)

    async with open_sink(config(endpoints, table, mode="upsert", key=["id"]), table) as sink:
        await write_all(sink, batch([order(1, 7, "paid", 0)], 0, None, ORDER))

    assert database.run("SELECT id, state FROM {} ORDER BY id", table) == [(7, "paid"), (9, "old")]


async def test_bytes_can_be_upserted_by_an_attribute(endpoints: Endpoints, database: Database, table: str) -> None:
    async with open_sink(config(endpoints, table, mode="upsert", key=["source", "subject"]), table) as sink:
        await write_all(sink, batch([event(1, subject="a"), event(2, subject="a"), event(3, subject="b")], 0))

    assert database.run("SELECT subject, id FROM {} ORDER BY subject", table) == [("a", "e2"), ("b", "e3")]


@pytest.mark.parametrize("bad", [[0], [4], [9], [1, 2, 3, 7], list(range(10))])
async def test_exactly_what_is_not_json_is_refused_and_nothing_is_written(
    endpoints: Endpoints, database: Database, table: str, bad: list[int]
) -> None:
    bodies = [b"", b"{", b'{"secret": 12345', b"\xff", b'"\x00"', b"[1 2]"]
    events = [event(n, data=bodies[n % len(bodies)] if n in bad else b"{}") for n in range(10)]

    async with open_sink(config(endpoints, table), table) as sink:
        with pytest.raises(RecordsRefusedError) as caught:
            await write_all(sink, batch(events, 0))
        written = database.count(table)
        await sink.write(batch([event(n) for n in range(10) if n not in bad], 0, 10))

    assert {index: error.reason for index, error in caught.value.refused.items()} == dict.fromkeys(
        bad, Reason.PAYLOAD_MALFORMED
    )
    assert "12345" not in "".join(map(str, caught.value.refused.values()))
    assert (written, database.count(table)) == (0, 10 - len(bad))


async def test_a_topic_that_is_not_json_at_all_is_refused_in_seconds(endpoints: Endpoints, table: str) -> None:
    async with open_sink(config(endpoints, table), table) as sink:
        with pytest.raises(RecordsRefusedError) as caught:
            await asyncio.wait_for(write_all(sink, batch([event(n, data=b"<xml/>") for n in range(2_000)], 0)), 20)

    assert len(caught.value.refused) == 2_000


async def test_text_that_postgres_cannot_hold_is_refused_by_record(endpoints: Endpoints, table: str) -> None:
    events = [order(1, 1, "ok", 1), order(2, 2, "a\0b", 2), order(3, 3, "ok", 3)]

    async with open_sink(config(endpoints, table), table) as sink:
        with pytest.raises(RecordsRefusedError) as caught:
            await write_all(sink, batch(events, 0, None, ORDER))

    assert [(index, error.reason) for index, error in caught.value.refused.items()] == [(1, Reason.PAYLOAD_MALFORMED)]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("state text CHECK (state <> 'hunter2')", Reason.TARGET_REJECTED),
        ("state text UNIQUE", Reason.TARGET_REJECTED),
        ("state varchar(3)", Reason.VALUE_OUT_OF_RANGE),
    ],
)
async def test_what_the_table_refuses_is_told_without_the_value(
    endpoints: Endpoints, database: Database, table: str, column: str, expected: Reason
) -> None:
    database.run(f"CREATE TABLE {{}} (id bigint, {column})", table)

    async with open_sink(config(endpoints, table), table) as sink:
        error = await failure(write_all(sink, batch([order(n, n, "hunter2", n) for n in range(2)], 0, None, ORDER)))
        await sink.write(batch([order(3, 3, "ok", 3)], 0, None, ORDER))

    assert error.reason is expected
    assert "hunter2" not in str(error) + repr(error.__cause__)
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert database.count(table) == 1


async def test_a_connection_stays_usable_however_often_the_table_refuses(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    """After some repetitions psycopg prepares statements, of which the server skips those behind a refusal."""
    database.run("CREATE TABLE {} (id bigint, state text CHECK (state <> 'bad'))", table)

    async with open_sink(config(endpoints, table, connections=1), table) as sink:
        await sink.claim(PARTITION)
        for number in range(20):
            refused = batch([order(number, number, "bad", number)], number, None, ORDER)
            assert await reason(sink.write(refused)) is Reason.TARGET_REJECTED
            await sink.write(batch([order(number, number, "ok", number)], number, None, ORDER))

    assert database.count(table) == 20
