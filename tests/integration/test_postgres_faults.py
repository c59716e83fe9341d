"""The Postgres sink while connections break, hang and are refused: nothing is lost, nothing doubled."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from router.api import Action, ConnectorError, Reason
from router.dev.endpoints import Endpoints
from sinks.postgres.sink import PostgresSink, open_sink
from tests.integration.postgres_sinks import Database, config, failure, reason, write_all
from tests.unit.sinks.examples import PARTITION, batch, event, secret


@pytest.fixture
def database(endpoints: Endpoints) -> Iterator[Database]:
    database = Database(endpoints)
    yield database
    database.close()


@pytest.fixture
def table(unique: Callable[[], str]) -> str:
    return unique()


class Wire:
    """A TCP connection's way to the server, which can be made to hang, or to break once COMMIT has passed."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self.port = 0
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.breaks_at_commit = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Wire"]:
        connections: set[asyncio.Task[None]] = set()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(reader, writer))
            connections.add(task)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in connections:
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(
            self._endpoints.postgres_host, self._endpoints.postgres_port
        )
        back = asyncio.create_task(self._pass(server_reader, writer))
        try:
            while data := await reader.read(65_536):
                await self.flowing.wait()
                server_writer.write(data)
                if self.breaks_at_commit and b"COMMIT" in data:
                    self.breaks_at_commit = False
                    await self._swallow_the_answer(back, server_reader)
                    return
        finally:
            # All of it before anything is awaited, where this may be cancelled.
            back.cancel()
            for side in (writer, server_writer):
                side.close()
            await asyncio.wait([back])
            for side in (writer, server_writer):
                with suppress(ConnectionError):
                    await side.wait_closed()

    async def _swallow_the_answer(self, back: asyncio.Task[None], server: asyncio.StreamReader) -> None:
        back.cancel()
        await asyncio.wait([back])
        # Once the server has answered, the transaction is through.
        await server.read(1)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self.flowing.wait()
            writer.write(data)
        writer.close()


async def test_an_answer_that_is_lost_after_the_commit_doubles_nothing(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    async with (
        Wire(endpoints).open() as wire,
        open_sink(config(endpoints, table, port=wire.port, sslmode="disable"), table) as sink,
    ):
        await write_all(sink, batch([event(1)], 0))
        wire.breaks_at_commit = True

        unknown = await reason(sink.write(batch([event(2)], 1)))
        position = await sink.claim(PARTITION)

    assert (unknown, position) == (Reason.SINK_OUTCOME_UNKNOWN, 2)
    assert database.count(table) == 2


async def test_a_server_that_hangs_is_given_up_in_time_and_comes_back(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    settings = config(endpoints, table, sslmode="disable", timeout_seconds=1)
    async with (
        Wire(endpoints).open() as wire,
        open_sink(settings.model_copy(update={"port": wire.port}), table) as sink,
    ):
        await write_all(sink, batch([event(1)], 0))
        wire.flowing.clear()

        given_up = await asyncio.wait_for(reason(sink.write(batch([event(2)], 1))), 3)
        wire.flowing.set()
        await sink.write(batch([event(2)], 1))

    assert given_up is Reason.TARGET_TIMEOUT
    assert database.count(table) == 2


async def test_a_write_that_is_cancelled_ends_at_once_though_the_server_hangs(endpoints: Endpoints, table: str) -> None:
    async with (
        Wire(endpoints).open() as wire,
        open_sink(config(endpoints, table, port=wire.port, sslmode="disable"), table) as sink,
    ):
        await write_all(sink, batch([event(1)], 0))
        wire.flowing.clear()
        write = asyncio.create_task(sink.write(batch([event(2)], 1)))
        await asyncio.sleep(0.1)

        write.cancel()
        await asyncio.wait([write], timeout=2)
        wire.flowing.set()

        assert write.cancelled()
        assert await sink.claim(PARTITION) == 1


async def test_an_owner_that_stands_still_in_the_middle_of_a_write_keeps_no_other_from_its_partition(
    endpoints: Endpoints, table: str
) -> None:
    moments = random.Random(1)  # noqa: S311  nothing secret
    settings = config(endpoints, table, sslmode="disable")
    async with (
        Wire(endpoints).open() as wire,
        open_sink(settings.model_copy(update={"port": wire.port}), table) as sink,
        open_sink(settings, table) as successor,
    ):
        await write_all(sink, batch([event(0)], 0))
        for _ in range(20):
            delivery = asyncio.create_task(deliver(sink, 1_000_000, 100))
            await asyncio.sleep(moments.uniform(0.02, 0.1))
            wire.flowing.clear()

            await asyncio.wait_for(successor.claim(PARTITION), 5)

            delivery.cancel()
            await asyncio.wait([delivery])
            wire.flowing.set()


async def test_a_lock_on_the_table_makes_the_sink_wait_not_fail(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    async with open_sink(config(endpoints, table, timeout_seconds=1), table) as sink:
        await write_all(sink, batch([event(1)], 0))
        database.run("BEGIN", table)
        database.run("LOCK TABLE {}", table)

        error = await failure(sink.write(batch([event(2)], 1)))
        database.run("ROLLBACK", table)
        await sink.write(batch([event(2)], 1))

    assert error.action is Action.RETRY
    assert database.count(table) == 2


async def test_a_connection_that_was_cut_while_idle_is_replaced(
    endpoints: Endpoints, database: Database, table: str
) -> None:
    async with open_sink(config(endpoints, table), table) as sink:
        await write_all(sink, batch([event(1)], 0))
        kill(database, table)

        broken = await reason(sink.write(batch([event(2)], 1)))
        await sink.write(batch([event(2)], 1))

    assert broken is Reason.TARGET_UNREACHABLE
    assert database.count(table) == 2


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": secret("hunter2")}, Reason.CREDENTIAL_REFUSED),
        ({"user": "nobody_of_this_name"}, Reason.CREDENTIAL_REFUSED),
        ({"database": "nothing_of_this_name"}, Reason.TARGET_MISSING),
        ({"host": "nowhere.invalid"}, Reason.TARGET_UNREACHABLE),
        ({"sslmode": "verify-full"}, Reason.TARGET_UNREACHABLE),
    ],
)
async def test_a_server_that_cannot_be_used_is_told_apart(
    endpoints: Endpoints, table: str, changes: dict[str, object], expected: Reason
) -> None:
    async with open_sink(config(endpoints, table, **changes), table) as sink:
        error = await failure(sink.claim(PARTITION))

    assert error.reason is expected
    assert "hunter2" not in str(error)


async def test_a_port_that_nobody_listens_on_is_unreachable(endpoints: Endpoints, table: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with open_sink(config(endpoints, table, port=taken.getsockname()[1]), table) as sink:
            assert await reason(sink.claim(PARTITION)) is Reason.TARGET_UNREACHABLE


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_backends_killed_at_random_moments_lose_and_double_nothing(
    endpoints: Endpoints, database: Database, table: str, seed: int
) -> None:
    total, size = 20_000, 500
    moments = random.Random(seed)  # noqa: S311  nothing secret
    async with open_sink(config(endpoints, table), table) as sink:
        delivery = asyncio.create_task(deliver(sink, total, size))
        kills = 0
        while not delivery.done():
            await asyncio.sleep(moments.uniform(0, 0.06))
            kills += kill(database, table)
        duplicates, failures = await delivery

    assert kills > 5
    assert failures <= {Reason.TARGET_UNREACHABLE, Reason.SINK_OUTCOME_UNKNOWN}
    assert duplicates == 0, "a row was offered again although its position had moved"
    assert database.run("SELECT count(*), count(DISTINCT id) FROM {}", table) == [(total, total)]


async def deliver(sink: PostgresSink, total: int, size: int) -> tuple[int, set[Reason]]:
    """Write all events, as the runtime does: again after what is transient, from the position after what is unknown."""
    duplicates, failures = 0, set()
    position: int | None = None
    while position is None or position < total:
        try:
            if position is None:
                position = await sink.claim(PARTITION) or 0
            events = [event(number) for number in range(position, position + size)]
            duplicates += await sink.write(batch(events, position))
            position += size
        except ConnectorError as error:
            failures.add(error.reason)
            if error.action is Action.REOPEN:
                position = None
    return duplicates, failures


def kill(database: Database, sink: str) -> int:
    """Kill the sink's backends; returns how many there were."""
    killed = database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", sink, f"connectors/{sink}"
    )
    return len(killed)
