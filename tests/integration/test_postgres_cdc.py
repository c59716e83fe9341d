"""Change data capture on a real server: what is emitted, exactly once, and what is refused."""

import asyncio
import random
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable

import pytest

from router.api import ConnectorError, Position, Reason, Window
from router.dev.endpoints import Endpoints
from sources.postgres_cdc.source import open_source
from tests.integration.change_capture import CommittedLog, Origin, running, until
from tests.integration.postgres_sinks import failure, reason


@pytest.fixture
async def origin(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Origin]:
    origin = Origin(endpoints, unique())
    yield origin
    await origin.drop()


async def test_rows_that_are_there_come_first_then_changes_with_their_positions(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY, a text)")
    origin.run("INSERT INTO t VALUES (1, 'one'), (2, 'two')")
    log = CommittedLog()

    async with running(origin.config("t"), log) as run:
        await run.streams()
        origin.run("INSERT INTO t VALUES (3, 'three')")
        origin.run("UPDATE t SET a = 'zwei' WHERE id = 2")
        origin.run("DELETE FROM t WHERE id = 1")
        await run.until(lambda: len(log.records) == 5)

    assert log.ops() == [
        ("r", {"id": 1, "a": "one"}),
        ("r", {"id": 2, "a": "two"}),
        ("c", {"id": 3, "a": "three"}),
        ("u", {"id": 2, "a": "zwei"}),
        ("d", {"id": 1, "a": None}),
    ]
    assert [record.subject for record in log.records] == [f'{{"id":{key}}}' for key in (1, 2, 3, 2, 1)]
    words = ("read", "read", "inserted", "updated", "deleted")
    assert [record.type for record in log.records] == [f"{origin.name}.t.{word}" for word in words]
    positions = [(data["position"]["lsn"], data["position"]["index"]) for data in log.data()]
    assert positions == sorted(positions)
    assert len({record.id for record in log.records}) == 5
    assert len({id(record.schema) for record in log.records}) == 1


async def test_every_change_is_committed_once_however_often_the_source_is_killed(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)")
    origin.run("INSERT INTO t SELECT g, 0 FROM generate_series(1, 6000) g")
    log, chance = CommittedLog(), random.Random(5)  # noqa: S311  nothing secret
    stop = threading.Event()
    written = asyncio.create_task(asyncio.to_thread(write_counts, origin, stop))

    for number in range(30):
        log.cut_after = chance.randint(0, 3) if number % 2 else None
        enough = log.offered + chance.randint(1, 8000)
        async with running(origin.config("t"), log) as run:
            await until(lambda: run.task.done() or log.offered >= enough)  # noqa: B023  waited for within the round
    stop.set()
    await written
    log.cut_after = None
    async with running(origin.config("t"), log) as run:
        await run.until(lambda: bool(log.records) and log.records[-1].subject == '{"id":7000}')

    assert len({record.id for record in log.records}) == len(log.records)
    counts: dict[int, list[int]] = defaultdict(list)
    for op, row in log.ops():
        assert row is not None
        if op == "u":
            counts[row["id"]].append(row["n"])
    final = dict(origin.run("SELECT id, n FROM t WHERE id <= 6000"))
    # Those that the snapshot has seen already are missing at the beginning, but nothing is missing in between or twice.
    assert all(numbers == list(range(numbers[0], final[key] + 1)) for key, numbers in counts.items())
    assert sorted(row["id"] for op, row in log.ops() if op == "r" and row) == list(range(1, 6001))
    assert len(counts) == 6000


def write_counts(origin: Origin, stop: threading.Event) -> None:
    """Count up: by many small transactions, and by some that are larger than what is emitted at once."""
    with origin.connect() as connection:
        number = 0
        while not stop.is_set():
            number += 1
            connection.execute("UPDATE t SET n = n + 1 WHERE id = %s", (number % 6000 + 1,))
            if number % 100 == 0:
                connection.execute("UPDATE t SET n = n + 1")
        connection.execute("INSERT INTO t VALUES (7000, 0)")


async def test_an_interrupted_snapshot_goes_on_behind_the_last_key_and_changes_in_between_follow(
    origin: Origin,
) -> None:
    origin.run("CREATE TABLE t (b text, a int, n int, PRIMARY KEY (a, b))")
    origin.run("INSERT INTO t SELECT 'k' || g, g, 0 FROM generate_series(1, 20000) g")
    log = CommittedLog()
    log.cut_after = 2

    async with running(origin.config("t"), log) as first:
        broken = await reason(first.task)
    read = len(log.records)
    done = log.checkpoints[f"snapshot:{origin.name}.t"]
    origin.run("UPDATE t SET n = 1 WHERE a = 20000")
    origin.run("DELETE FROM t WHERE a IN (1, 19999)")
    log.cut_after = None
    async with running(origin.config("t"), log) as run:
        await run.until(lambda: len(log.records) == 20000 - 1 + 3)

    assert broken is Reason.BROKER_UNAVAILABLE
    assert 0 < read < 20000
    assert done == {"lsn": done["lsn"], "after": {"a": read, "b": f"k{read}"}, "done": False}
    assert [op for op, _ in log.ops()] == ["r"] * 19999 + ["u", "d", "d"]
    assert len({record.id for record in log.records}) == 20002


async def test_a_large_transaction_is_emitted_in_parts_and_goes_on_within_it(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")
    log = CommittedLog()
    async with running(origin.config("t"), log) as run:
        await run.streams()
    origin.run("INSERT INTO t SELECT generate_series(1, 20000)")
    log.cut_after = 2

    async with running(origin.config("t"), log) as run:
        await reason(run.task)
    parts, position = len(log.records), log.checkpoints["wal"]
    log.cut_after = None
    async with running(origin.config("t"), log) as run:
        await run.until(lambda: len(log.records) >= 20000)

    assert 0 < parts < 20000
    assert position["index"] == parts
    assert [row["id"] for _, row in log.ops() if row] == list(range(1, 20001))


async def test_the_slot_is_confirmed_only_when_what_was_emitted_is_durable(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")
    log = CommittedLog()

    async with running(origin.config("t", heartbeat_seconds=0.1), log) as run:
        await run.streams()
        before = origin.confirmed()
        log.open.clear()
        origin.run("INSERT INTO t VALUES (1)")
        ((behind,),) = origin.run("SELECT pg_current_wal_lsn()::text")
        await run.until(lambda: log.offered == 1)
        await asyncio.sleep(1)  # longer than it takes to confirm; there is nothing that could be waited for
        ((moved,),) = origin.run("SELECT %s::pg_lsn >= %s::pg_lsn", origin.confirmed(), behind)
        log.open.set()
        await run.until(lambda: origin.run("SELECT %s::pg_lsn >= %s::pg_lsn", origin.confirmed(), behind) == [(True,)])

    assert not moved
    assert before != origin.confirmed()


async def test_heartbeats_move_the_slot_where_nothing_else_is_captured(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")
    origin.run("CREATE TABLE other (id int)")
    log = CommittedLog()

    async with running(origin.config("t", heartbeat_seconds=0.1), log) as run:
        await run.streams()
        origin.run("INSERT INTO other VALUES (1)")
        ((behind,),) = origin.run("SELECT pg_current_wal_lsn()::text")
        await run.until(lambda: origin.run("SELECT %s::pg_lsn >= %s::pg_lsn", origin.confirmed(), behind) == [(True,)])

    assert log.records == []


async def test_a_changed_key_is_a_deletion_and_a_creation_with_all_values(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY, big text)")
    origin.run("ALTER TABLE t ALTER big SET STORAGE external")
    origin.run("INSERT INTO t VALUES (1, repeat('x', 9000))")
    log = CommittedLog()

    async with running(origin.config("t"), log) as run:
        await run.streams()
        origin.run("UPDATE t SET id = 2")
        await run.until(lambda: len(log.records) == 3)

    assert log.ops()[1:] == [("d", {"id": 1, "big": None}), ("c", {"id": 2, "big": "x" * 9000})]
    assert [record.subject for record in log.records[1:]] == ['{"id":1}', '{"id":2}']
    assert log.data()[1]["transaction"] == log.data()[2]["transaction"]
    assert log.data()[2]["unchanged"] == []


async def test_a_value_that_the_log_leaves_out_is_marked_as_unchanged(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY, n int, big text)")
    origin.run("ALTER TABLE t ALTER big SET STORAGE external")
    origin.run("INSERT INTO t VALUES (1, 0, repeat('x', 9000))")
    log = CommittedLog()

    async with running(origin.config("t"), log) as run:
        await run.streams()
        origin.run("UPDATE t SET n = 1")
        origin.run("UPDATE t SET big = NULL")
        await run.until(lambda: len(log.records) == 3)

    assert [data["unchanged"] for data in log.data()] == [[], ["big"], []]
    assert log.ops()[1:] == [("u", {"id": 1, "n": 1, "big": None}), ("u", {"id": 1, "n": 1, "big": None})]


async def test_with_full_identity_the_whole_old_row_comes_with_the_new_one(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY, n int, big text)")
    origin.run("ALTER TABLE t REPLICA IDENTITY FULL, ALTER big SET STORAGE external")
    origin.run("INSERT INTO t VALUES (1, 0, repeat('x', 9000))")
    log = CommittedLog()

    async with running(origin.config("t"), log) as run:
        await run.streams()
        origin.run("UPDATE t SET n = 1")
        await run.until(lambda: len(log.records) == 2)

    change = log.data()[1]
    assert change["before"] == {"id": 1, "n": 0, "big": "x" * 9000}
    assert (change["after"], change["unchanged"]) == ({"id": 1, "n": 1, "big": "x" * 9000}, [])
    assert log.records[1].subject == '{"id":1}'


async def test_columns_that_are_added_changed_or_dropped_make_a_new_schema_from_then_on(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY, a int)")
    log = CommittedLog()

    async with running(origin.config("t"), log) as run:
        await run.streams()
        origin.run("INSERT INTO t VALUES (1, 1)")
        origin.run("ALTER TABLE t ADD COLUMN b text DEFAULT 'new'")
        origin.run("INSERT INTO t VALUES (2, 2)")
        origin.run("ALTER TABLE t ALTER a TYPE bigint")
        origin.run("INSERT INTO t VALUES (3, 5000000000)")
        origin.run("ALTER TABLE t DROP COLUMN b")
        origin.run("INSERT INTO t VALUES (4, 4), (5, 5)")
        await run.until(lambda: len(log.records) == 5)

    rows = [row for _, row in log.ops()]
    assert rows == [
        {"id": 1, "a": 1},
        {"id": 2, "a": 2, "b": "new"},
        {"id": 3, "a": 5_000_000_000, "b": "new"},
        *rows[3:],
    ]
    assert rows[3:] == [{"id": 4, "a": 4}, {"id": 5, "a": 5}]
    assert len({id(record.schema) for record in log.records}) == 4
    assert log.records[3].schema is log.records[4].schema


async def test_a_truncation_is_one_record_for_each_table(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")
    origin.run("CREATE TABLE u (id int PRIMARY KEY)")
    log = CommittedLog()

    async with running(origin.config("t", "u"), log) as run:
        await run.streams()
        origin.run("TRUNCATE t, u")
        await run.until(lambda: len(log.records) == 2)

    assert sorted([record.type for record in log.records]) == [f"{origin.name}.{name}.truncated" for name in "tu"]
    assert [(data["op"], data["before"], data["after"]) for data in log.data()] == [("t", None, None)] * 2
    assert len({record.id for record in log.records}) == 2


async def test_a_table_without_a_key_is_read_as_a_whole_and_has_no_subject(origin: Origin) -> None:
    origin.run("CREATE TABLE t (a text)")
    origin.run("ALTER TABLE t REPLICA IDENTITY FULL")
    origin.run("INSERT INTO t VALUES ('same'), ('same'), (NULL)")
    log = CommittedLog()

    async with running(origin.config("t"), log) as run:
        await run.streams()
        origin.run("DELETE FROM t WHERE a IS NULL")
        await run.until(lambda: len(log.records) == 4)

    assert log.ops() == [("r", {"a": "same"}), ("r", {"a": "same"}), ("r", {"a": None}), ("d", {"a": None})]
    assert [record.subject for record in log.records] == [None] * 4
    assert len({record.id for record in log.records}) == 4


async def test_partitions_are_captured_as_the_table_that_they_are_part_of(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id)")
    origin.run("CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10)")
    origin.run("CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20)")
    origin.run("INSERT INTO t VALUES (1), (11)")
    log = CommittedLog()

    async with running(origin.config("t"), log) as run:
        await run.streams()
        origin.run("INSERT INTO t VALUES (12)")
        await run.until(lambda: len(log.records) == 3)

    assert [row["id"] for _, row in log.ops() if row] == [1, 11, 12]
    assert {record.type.rpartition(".")[0] for record in log.records} == {f"{origin.name}.t"}


async def test_names_that_avro_does_not_allow_are_mapped_and_kept_beside(origin: Origin) -> None:
    origin.run('CREATE TABLE "Größe-1" ("id-ä" int PRIMARY KEY, "id__" int, "1st" int, "a b" int)')
    origin.run('INSERT INTO "Größe-1" VALUES (1, 2, 3, 4)')
    log = CommittedLog()

    async with running(origin.config("Größe-1"), log) as run:
        await run.streams()

    assert log.ops() == [("r", {"id__": 1, "id___2": 2, "_1st": 3, "a_b": 4})]
    assert log.records[0].subject == '{"id__":1}'
    schema = log.records[0].schema
    assert schema is not None
    fields = schema.avro["fields"][1]["type"][1]["fields"]
    assert [field.get("connectors.name") for field in fields] == ["id-ä", "id__", "1st", "a b"]


async def test_without_a_snapshot_only_changes_come(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")
    origin.run("INSERT INTO t VALUES (1)")
    log = CommittedLog()

    async with running(origin.config("t", snapshot="never"), log) as run:
        await run.streams()
        origin.run("INSERT INTO t VALUES (2)")
        await run.until(lambda: bool(log.records))

    assert log.ops() == [("c", {"id": 2})]


async def test_a_slot_that_is_gone_is_told_instead_of_losing_changes(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")
    log = CommittedLog()
    async with running(origin.config("t"), log) as run:
        await run.streams()
    slot = "SELECT active FROM pg_replication_slots WHERE slot_name = %s"
    await until(lambda: origin.run(slot, origin.name) == [(False,)])
    origin.run("SELECT pg_drop_replication_slot(%s)", origin.name)

    async with running(origin.config("t"), log) as run:
        lost = await reason(run.task)

    assert lost is Reason.POSITION_LOST


async def test_a_server_that_ends_the_connection_is_followed_again_from_the_checkpoint(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")
    log = CommittedLog()
    async with running(origin.config("t"), log) as run:
        await run.streams()
        origin.run("INSERT INTO t VALUES (1)")
        await run.until(lambda: len(log.records) == 1)
        origin.run(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s", origin.name
        )
        ended = await reason(run.task)
    origin.run("INSERT INTO t VALUES (2)")

    async with running(origin.config("t"), log) as run:
        await run.until(lambda: len(log.records) == 2)

    assert ended is Reason.TARGET_UNREACHABLE
    assert log.ops() == [("c", {"id": 1}), ("c", {"id": 2})]


async def backfilled(origin: Origin, window: Window, checkpoints: dict[str, Position], log: CommittedLog) -> None:
    async with open_source(origin.config("t"), "cdc") as source:
        await source.backfill(log, checkpoints, window)


async def test_a_backfill_reads_a_range_of_keys_again_with_the_ids_of_the_snapshot(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY, n int)")
    origin.run("INSERT INTO t SELECT g, 0 FROM generate_series(1, 9) g")
    log, again = CommittedLog(), CommittedLog()
    async with running(origin.config("t"), log) as run:
        await run.streams()
    origin.run("UPDATE t SET n = 1")

    await backfilled(origin, Window(f"{origin.name}.t:3", f"{origin.name}.t:6"), {}, again)

    assert again.ops() == [("r", {"id": key, "n": 1}) for key in (3, 4, 5)]
    assert [record.id for record in again.records] == [record.id for record in log.records[2:5]]
    assert again.data()[0]["position"]["lsn"] > log.data()[0]["position"]["lsn"]
    assert again.checkpoints.keys() == {f"backfill:{origin.name}.t"}


async def test_an_interrupted_backfill_goes_on_from_its_own_checkpoint(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")
    origin.run("INSERT INTO t SELECT generate_series(1, 20000)")
    log = CommittedLog()
    log.cut_after = 2

    broken = await reason(backfilled(origin, Window(None, None), {}, log))
    read = len(log.records)
    log.cut_after = None
    await backfilled(origin, Window(None, None), log.checkpoints, log)

    assert broken is Reason.BROKER_UNAVAILABLE
    assert 0 < read < 20000
    assert [row["id"] for _, row in log.ops() if row] == list(range(1, 20001))


@pytest.mark.parametrize("bounds", [("x.y", None), ("{}.t:1", "{}.u:2"), ("{}.t:one", None)])
async def test_a_window_that_makes_no_sense_is_refused(origin: Origin, bounds: tuple[str | None, ...]) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")
    start, end = [bound and bound.format(origin.name) for bound in bounds]

    refused = await reason(backfilled(origin, Window(start, end), {}, CommittedLog()))

    assert refused is Reason.CONFIG_INVALID


async def test_an_error_of_emit_is_raised_as_it_is(origin: Origin) -> None:
    origin.run("CREATE TABLE t (id int PRIMARY KEY)")
    log = CommittedLog()
    log.cut_after = 1

    async with running(origin.config("t"), log) as run:
        error = await failure(run.task)

    assert isinstance(error, ConnectorError)
    assert error.message == "cut"
