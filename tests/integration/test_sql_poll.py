# ruff: noqa: S608  the names of tables are the tests' own
"""The SQL poll against the real PostgreSQL and files of SQLite."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import psycopg
import pytest

from router.api import ConnectorError, Emit, Position, Reason, Window
from router.dev.endpoints import Endpoints
from router.envelope.codec import schema_id
from router.testing import ScriptedSource
from sources.sql_poll import connector
from sources.sql_poll.config import SqlPollConfig
from tests.integration.fetching import Watch, bench, running
from tests.unit.sinks.examples import secret
from tests.unit.sources.http_poll.durable import Durable, Run, crash_everywhere

Execute = Callable[..., Sequence[tuple[Any, ...]]]
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def postgres(endpoints: Endpoints) -> Iterator[psycopg.Connection]:
    with psycopg.connect(
        host=endpoints.postgres_host,
        port=endpoints.postgres_port,
        user=endpoints.postgres_user,
        password=endpoints.postgres_password,
        dbname=endpoints.postgres_database,
        autocommit=True,
    ) as connection:
        yield connection


def of_postgres(endpoints: Endpoints, streams: Mapping[str, Any], **changes: Any) -> SqlPollConfig:
    settings = {
        "driver": "postgresql+psycopg",
        "host": endpoints.postgres_host,
        "port": endpoints.postgres_port,
        "user": endpoints.postgres_user,
        "password": secret(endpoints.postgres_password),
        "database": endpoints.postgres_database,
        "streams": streams,
    }
    return SqlPollConfig.model_validate(settings | changes)


def of_sqlite(path: Path, streams: Mapping[str, Any], **changes: Any) -> SqlPollConfig:
    return SqlPollConfig.model_validate({"driver": "sqlite", "database": str(path), "streams": streams} | changes)


def once(config: SqlPollConfig, window: Window | None = None) -> Run:
    """A run, or a backfill, in a session of its own."""

    async def run(emit: Emit, checkpoints: Mapping[str, Position]) -> None:
        async with connector.open(config, "some") as source:
            if window is None:
                await source.run(emit, checkpoints)
            else:
                await source.backfill(emit, checkpoints, window)  # type: ignore[attr-defined]

    return run


async def failure(config: SqlPollConfig) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await connector.check(config)
    return caught.value


def timed(table: str, **changes: Any) -> dict[str, Any]:
    stream = {
        "mode": "timestamp+incrementing",
        "table": table,
        "timestamp_column": "updated",
        "incrementing_column": "id",
    }
    return {"rows": stream | changes}


def counted(table: str, **changes: Any) -> dict[str, Any]:
    return {"rows": {"mode": "incrementing", "table": table, "incrementing_column": "id"} | changes}


def make(postgres: psycopg.Connection, name: str, rows: Sequence[tuple[int, datetime | None]]) -> str:
    postgres.execute(f"CREATE TABLE {name} (id bigint PRIMARY KEY, updated timestamptz, note text)")
    with postgres.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {name} VALUES (%s, %s, 'first')", rows)
    return f"public.{name}"


def numbers(durable: Durable) -> list[int]:
    return [record.data["id"] for record in durable.records if isinstance(record.data, Mapping)]


async def test_rows_are_read_in_order_and_only_new_ones_the_next_time(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = make(postgres, unique(), [(number, LONG_AGO) for number in (3, 1, 2)])
    config, durable = of_postgres(endpoints, counted(table), batch_rows=2), Durable()
    await durable.take(once(config))
    postgres.execute(f"INSERT INTO {table} VALUES (4, NULL, NULL)")

    await durable.take(once(config))
    calls = durable.calls
    await durable.take(once(config))

    assert numbers(durable) == [1, 2, 3, 4]
    assert durable.calls == calls, "a run without news publishes nothing"
    assert durable.checkpoints == {"rows": {"after": {"id": 4}}}


@pytest.mark.parametrize("mode", ["incrementing", "timestamp", "timestamp+incrementing"])
async def test_a_crash_at_any_emit_loses_nothing_and_ids_repeat(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str], mode: str
) -> None:
    """Several rows of each time, so that batches end among them."""
    rows = [(number, LONG_AGO + timedelta(seconds=number // 3)) for number in range(11)]
    table = make(postgres, unique(), rows)
    streams = counted(table) if mode == "incrementing" else timed(table, mode=mode)
    if mode == "timestamp":
        del streams["rows"]["incrementing_column"]
    config = of_postgres(endpoints, streams, batch_rows=2)

    whole, *crashed = await crash_everywhere(lambda: once(config))

    assert len(whole.ids) == len(set(whole.ids)) == 11
    assert len(crashed) >= 10
    for durable in crashed:
        assert set(durable.ids) == set(whole.ids)
        assert durable.checkpoints == whole.checkpoints


async def test_an_updated_row_is_a_new_event_of_the_same_subject(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = make(postgres, unique(), [(1, LONG_AGO), (2, LONG_AGO)])
    config, durable = of_postgres(endpoints, timed(table)), Durable()
    await durable.take(once(config))

    postgres.execute(f"UPDATE {table} SET updated = %s, note = 'second' WHERE id = 1", [LONG_AGO + timedelta(days=1)])
    await durable.take(once(config))

    assert [record.subject for record in durable.records] == ["1", "2", "1"]
    assert len(set(durable.ids)) == 3
    assert durable.records[-1].time == LONG_AGO + timedelta(days=1)


async def test_a_row_that_is_younger_than_the_delay_waits_until_earlier_ones_are_committed(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    """The transaction with the earlier time commits after the one with the later time."""
    table = make(postgres, unique(), [])
    config, durable = of_postgres(endpoints, timed(table, delay_seconds=60)), Durable()
    postgres.execute(f"INSERT INTO {table} VALUES (2, now(), 'fast')")
    await durable.take(once(config))
    seen_at_first = numbers(durable)
    postgres.execute(f"INSERT INTO {table} VALUES (1, now() - interval '1 second', 'slow')")
    postgres.execute(f"UPDATE {table} SET updated = updated - interval '2 minutes'")

    await durable.take(once(config))

    assert seen_at_first == []
    assert numbers(durable) == [1, 2]


async def test_a_lookback_finds_the_row_that_was_committed_too_late(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = make(postgres, unique(), [(1, LONG_AGO), (5, LONG_AGO + timedelta(seconds=20))])
    config, durable = of_postgres(endpoints, timed(table, lookback_seconds=30)), Durable()
    await durable.take(once(config))
    postgres.execute(f"INSERT INTO {table} VALUES (2, %s, 'late')", [LONG_AGO + timedelta(seconds=10)])

    await durable.take(once(config))

    assert set(numbers(durable)) == {1, 2, 5}
    assert len(set(durable.ids)) == 3, "what is read again has the id that it had"
    assert durable.checkpoints["rows"]["after"]["id"] == 5


async def test_a_lookback_of_numbers_finds_the_row_whose_number_was_taken_earlier(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = make(postgres, unique(), [(1, None), (3, None)])
    config, durable = of_postgres(endpoints, counted(table, lookback=2)), Durable()
    await durable.take(once(config))
    postgres.execute(f"INSERT INTO {table} VALUES (2, NULL, NULL)")

    await durable.take(once(config))

    assert set(numbers(durable)) == {1, 2, 3}


async def test_values_of_every_type_are_exact_in_avro(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = unique()
    postgres.execute(
        f"""CREATE TABLE {table} (id int PRIMARY KEY, price numeric(20, 4), free numeric, at timestamptz,
        local timestamp, day date, raw bytea, doc jsonb, tags text[], flag boolean, ratio float8, "odd name" text,
        token uuid)"""
    )
    postgres.execute(
        f"""INSERT INTO {table} VALUES (1, 1234567890123456.7890, 0.10, '2026-01-02T03:04:05.123456+02',
        '2026-01-02 03:04:05.000001', '2026-01-02', '\\x00ff', '{{"n": 1.10}}', '{{a,b}}', true, 0.5, 'x',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')"""
    )
    postgres.execute(f"INSERT INTO {table} (id) VALUES (2)")
    by_query = {"mode": "incrementing", "query": f"SELECT * FROM {table}", "incrementing_column": "id", "key": ["id"]}
    durable = Durable()

    await durable.take(once(of_postgres(endpoints, counted(table) | {"query": by_query})))

    first, second, queried, _ = durable.records
    decoded = _through_avro(first)
    assert decoded["price"] == Decimal("1234567890123456.7890")
    assert decoded["free"] == "0.10"
    assert decoded["at"] == datetime(2026, 1, 2, 1, 4, 5, 123456, tzinfo=UTC)
    assert decoded["local"] == datetime(2026, 1, 2, 3, 4, 5, 1)  # noqa: DTZ001
    assert decoded["day"] == date(2026, 1, 2)
    assert decoded["raw"] == b"\x00\xff"
    assert decoded["doc"] == '{"n": 1.10}'
    assert decoded["tags"] == '["a","b"]'
    assert (decoded["flag"], decoded["ratio"], decoded["odd_name"]) == (True, 0.5, "x")
    assert first.schema is second.schema
    assert set(_through_avro(second).values()) == {2, None}
    assert _through_avro(queried) == decoded


def _through_avro(record: Any) -> dict[str, Any]:
    stream, schema = BytesIO(), fastavro.parse_schema(dict(record.schema.avro))
    fastavro.schemaless_writer(stream, schema, record.data)
    stream.seek(0)
    decoded = fastavro.schemaless_reader(stream, schema)
    assert isinstance(decoded, dict)
    return decoded


async def test_a_backfill_reads_its_window_with_the_ids_of_the_run(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = make(postgres, unique(), [(number, LONG_AGO + timedelta(days=number)) for number in range(10)])
    by_time, by_number = of_postgres(endpoints, timed(table)), of_postgres(endpoints, counted(table), batch_rows=2)
    run, filled = Durable(), Durable()
    await run.take(once(by_time))

    await filled.take(once(by_time, Window("2026-01-03T00:00:00Z", "rows=2026-01-06")))
    outcomes = await crash_everywhere(lambda: once(by_number, Window("3", "8")))

    assert filled.ids == run.ids[2:5]
    for durable in outcomes:
        assert set(numbers(durable)) == {3, 4, 5, 6, 7}
        assert durable.checkpoints["rows"]["is_done"] is True


async def test_discover_shows_schema_key_and_estimate(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = make(postgres, unique(), [(number, LONG_AGO) for number in range(50)])
    postgres.execute(f"ANALYZE {table}")

    everything = await connector.discover(of_postgres(endpoints, {}))
    (own,) = await connector.discover(of_postgres(endpoints, counted(table)))

    found = next(stream for stream in everything if stream.name == table)
    assert found.key == own.key == ("id",)
    assert found.estimated_records == own.estimated_records == 50
    assert own.schema is not None
    assert [field["name"] for field in own.schema.avro["fields"]] == ["id", "updated", "note"]


async def test_what_is_wrong_has_a_reason_and_shows_no_password(endpoints: Endpoints) -> None:
    missing = counted("public.there_is_none")
    good = counted("pg_catalog.pg_class", incrementing_column="relname")

    assert (await failure(of_postgres(endpoints, missing))).reason is Reason.TARGET_MISSING
    assert (await failure(of_postgres(endpoints, good, port=1))).reason is Reason.TARGET_UNREACHABLE
    assert (await failure(of_postgres(endpoints, good, user="nobody_knows"))).reason is Reason.CREDENTIAL_REFUSED
    assert (await failure(of_postgres(endpoints, good, database="nowhere"))).reason is Reason.TARGET_MISSING
    column = await failure(of_postgres(endpoints, counted("pg_catalog.pg_class", incrementing_column="nope")))
    assert column.reason is Reason.CONFIG_INVALID
    wrong = await failure(of_postgres(endpoints, good, driver="postgresql+nodriver"))
    assert wrong.reason is Reason.CONFIG_INVALID
    assert endpoints.postgres_password not in str(wrong)


async def test_without_streams_it_can_be_checked_but_not_run(endpoints: Endpoints) -> None:
    config = of_postgres(endpoints, {})

    await connector.check(config)
    with pytest.raises(ConnectorError) as caught:
        await Durable().take(once(config))

    assert caught.value.reason is Reason.CONFIG_INVALID


async def test_a_connection_that_breaks_in_a_run_is_an_error_after_which_nothing_is_missing(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = make(postgres, unique(), [(number, None) for number in range(10)])
    config, durable = of_postgres(endpoints, counted(table), batch_rows=1), Durable()

    async def killing(records: Any, *, checkpoint: Any = None) -> None:
        await durable(records, checkpoint=checkpoint)
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'connectors/some'"
        )

    with pytest.raises(ConnectorError) as caught:
        await once(config)(killing, {})
    await durable.take(once(config))

    assert caught.value.reason is Reason.TARGET_UNREACHABLE
    assert numbers(durable) == list(range(10))


async def test_the_runtime_publishes_the_rows_in_avro_with_their_checkpoint(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = make(postgres, unique(), [(number, LONG_AGO) for number in range(5)])
    config = of_postgres(endpoints, timed(table), batch_rows=2)
    async with bench(endpoints, unique()) as made:
        task = made.task(ScriptedSource(), Watch(), connector=connector, config=config)
        async with running(task), asyncio.timeout(60):
            while len(await made.committed()) < 5:  # noqa: ASYNC110  the brokers tell of nothing by themselves
                await asyncio.sleep(0.1)
        values = [record.value or b"" for record in await made.committed()]
        decoder = await made.registry.decoder(schema_id(values[0]))
        rows = [decoder.decode(value, b"", 0).data for value in values]
        checkpoints = await made.checkpoints()

    assert sorted(row["id"] for row in rows if isinstance(row, Mapping)) == list(range(5))
    assert {row["updated"] for row in rows if isinstance(row, Mapping)} == {LONG_AGO}
    assert checkpoints["rows"]["after"]["id"] == 4


async def test_a_query_that_writes_is_refused(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = unique()
    postgres.execute(f"CREATE TABLE {table} (id int)")
    postgres.execute(
        f"CREATE FUNCTION {table}_write() RETURNS int AS 'INSERT INTO {table} VALUES (1) RETURNING id' LANGUAGE sql"
    )
    writes = {"mode": "incrementing", "query": f"SELECT {table}_write() AS id", "incrementing_column": "id"}

    error = await failure(of_postgres(endpoints, {"rows": writes}))

    assert error.reason is Reason.PERMISSION_DENIED
    assert postgres.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


async def test_one_stream_that_cannot_be_read_does_not_hold_up_the_others(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = make(postgres, unique(), [(1, None)])
    missing = {"missing": counted("public.there_is_none")["rows"]}
    durable = Durable()

    with pytest.raises(ConnectorError) as caught:
        await durable.take(once(of_postgres(endpoints, missing | counted(table))))

    assert caught.value.reason is Reason.TARGET_MISSING
    assert numbers(durable) == [1]


async def test_a_cancelled_run_leaves_no_query_behind(
    endpoints: Endpoints, postgres: psycopg.Connection, unique: Callable[[], str]
) -> None:
    table = make(postgres, unique(), [(number, None) for number in range(10)])
    entered = asyncio.Event()

    async def never(records: Any, *, checkpoint: Any = None) -> None:
        entered.set()
        await asyncio.Event().wait()

    running = asyncio.ensure_future(once(of_postgres(endpoints, counted(table), batch_rows=2))(never, {}))
    await entered.wait()
    running.cancel()
    await asyncio.wait({running})

    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'connectors/some'"
    async with asyncio.timeout(10):
        while postgres.execute(left).fetchone() != (0,):  # noqa: ASYNC110  the server tells of nothing by itself
            await asyncio.sleep(0.05)


@asynccontextmanager
async def sqlite_file(path: Path, script: str) -> AsyncIterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(script)
        yield connection


_SQLITE = """CREATE TABLE notes (id INTEGER PRIMARY KEY, updated DATETIME, price NUMERIC(10, 2), raw BLOB, anything);
INSERT INTO notes VALUES (1, '2026-01-01 00:00:00', 1.5, x'00ff', 7), (2, '2026-01-01 00:00:00', NULL, NULL, 'seven'),
(3, '2026-01-01 00:00:01', 2, NULL, 7.5), (4, '2999-01-01 00:00:00', NULL, NULL, NULL)"""


async def test_sqlite_is_read_by_time_and_number_and_crashes_lose_nothing(tmp_path: Path) -> None:
    async with sqlite_file(tmp_path / "notes.db", _SQLITE) as database:
        config = of_sqlite(tmp_path / "notes.db", timed("notes"), batch_rows=1)
        outcomes = await crash_everywhere(lambda: once(config))
        database.execute("INSERT INTO notes VALUES (5, '2026-01-01 00:00:01', NULL, NULL, NULL)")
        await outcomes[0].take(once(config))

    assert numbers(outcomes[0]) == [1, 2, 3, 5]
    assert all(set(numbers(durable)) == {1, 2, 3} for durable in outcomes[1:])
    first = _through_avro(outcomes[0].records[0])
    assert first["updated"] == datetime(2026, 1, 1)  # noqa: DTZ001
    assert (first["price"], first["raw"], first["anything"]) == (Decimal("1.50"), b"\x00\xff", 7)


async def test_sqlite_is_discovered_backfilled_and_looked_back_into(tmp_path: Path) -> None:
    path, window = tmp_path / "notes.db", Window("2026-01-01T00:00:01", "2026-01-02")
    filled, looking_back = Durable(), Durable()
    async with sqlite_file(path, _SQLITE):
        (stream,) = await connector.discover(of_sqlite(path, {}))
        await filled.take(once(of_sqlite(path, timed("notes")), window))
        config = of_sqlite(path, timed("notes", lookback_seconds=1))
        await looking_back.take(once(config))
        await looking_back.take(once(config))

    assert (stream.name, stream.key, stream.estimated_records) == ("notes", ("id",), 4)
    assert numbers(filled) == [3]
    assert numbers(looking_back) == [1, 2, 3, 1, 2, 3]
    assert len(set(looking_back.ids)) == 3


async def test_a_missing_file_of_sqlite_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"

    error = await failure(of_sqlite(path, timed("notes")))

    assert error.reason is Reason.TARGET_MISSING
    assert not path.exists()
