"""The change data capture of Postgres: first the rows that are there, then every change of them, each once."""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from psycopg import AsyncConnection, sql

from router.api import Checkpoint, Emit, Position, Window
from sources.postgres_cdc import lsn
from sources.postgres_cdc.catalog import Catalog, Table
from sources.postgres_cdc.config import PostgresCdcConfig
from sources.postgres_cdc.connections import connect
from sources.postgres_cdc.errors import translated
from sources.postgres_cdc.relation import Relations
from sources.postgres_cdc.select import Part
from sources.postgres_cdc.slot import check_server, create_slot, ensure_publication, find_slot, lost
from sources.postgres_cdc.snapshot import Snapshot
from sources.postgres_cdc.stream import WAL, Follower
from sources.postgres_cdc.window import parts

_SNAPSHOT, _BACKFILL = "snapshot:", "backfill:"
_BEGIN = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresCdc:
    """Exactly once with the runtime's transactions: a change is emitted if and only if the checkpoint is behind it."""

    def __init__(self, config: PostgresCdcConfig, name: str) -> None:
        self._config = config
        self._name = name
        self._relations = Relations()

    async def run(self, emit: Emit, checkpoints: Mapping[str, Position]) -> None:
        """Take the snapshot unless it is done, then follow the log; never returns. Raises ConnectorError."""
        with translated():
            async with (
                connect(self._config, self._name) as connection,
                connect(self._config, self._name, replication=True) as replication,
            ):
                at = checkpoints.get(WAL)
                if at is None:
                    at = {"lsn": lsn.show(await self._begin(connection, replication, emit, checkpoints)), "index": 0}
                    await emit((), checkpoint=Checkpoint(WAL, at))
                elif await find_slot(connection, self._config) is None:
                    raise lost(self._config, "it does not exist")
                start = (lsn.parse(at["lsn"]), int(at["index"]))
                await Follower(self._config, self._relations, connection, replication, emit, start).follow()

    async def backfill(self, emit: Emit, checkpoints: Mapping[str, Position], window: Window) -> None:
        """Read rows again as they are now, of the tables and keys of the window. Raises ConnectorError."""
        with translated():
            async with (
                connect(self._config, self._name) as connection,
                connect(self._config, self._name, replication=True) as replication,
            ):
                tables = await Catalog(connection).tables(self._config.tables)
                wanted = parts(window, tables)
                # A slot, since only that tells at which position in the log the rows are what they are.
                name = f"{self._config.slot[:40]}_{secrets.token_hex(8)}"
                slot = await create_slot(replication, name, export=True, temporary=True)
                snapshot = Snapshot(connection, self._relations, self._config.slot, slot.start)
                async with _seeing(connection, slot.snapshot):
                    for table, part in wanted:
                        stream = _BACKFILL + table.full_name
                        await snapshot.read(table, emit, stream, checkpoints.get(stream), part)

    async def _begin(
        self,
        connection: AsyncConnection,
        replication: AsyncConnection,
        emit: Emit,
        checkpoints: Mapping[str, Position],
    ) -> int:
        """Make what is missing and take the snapshot; returns where the changes begin."""
        config = self._config
        tables = await Catalog(connection).tables(config.tables)
        await check_server(connection, tables)
        await ensure_publication(connection, config, tables)
        progress = [checkpoints[_SNAPSHOT + name] for name in config.tables if _SNAPSHOT + name in checkpoints]
        found = await find_slot(connection, config)
        if found is not None:
            start = lsn.parse(progress[0]["lsn"]) if progress else found
            await self._snapshot(connection, tables, start, emit, checkpoints)
            return start
        if progress:
            raise lost(config, "it was dropped while the snapshot was taken")
        slot = await create_slot(replication, config.slot, export=config.snapshot == "initial")
        async with _seeing(connection, slot.snapshot):
            await self._snapshot(connection, tables, slot.start, emit, checkpoints)
        return slot.start

    async def _snapshot(
        self,
        connection: AsyncConnection,
        tables: Sequence[Table],
        start: int,
        emit: Emit,
        checkpoints: Mapping[str, Position],
    ) -> None:
        if self._config.snapshot == "never":
            return
        snapshot = Snapshot(connection, self._relations, self._config.slot, start)
        for table in tables:
            stream = _SNAPSHOT + table.full_name
            await snapshot.read(table, emit, stream, checkpoints.get(stream), Part())


@asynccontextmanager
async def open_source(config: PostgresCdcConfig, name: str) -> AsyncIterator[PostgresCdc]:
    """The source; it connects with each run, since a run ends with its connections."""
    yield PostgresCdc(config, name)


@asynccontextmanager
async def _seeing(connection: AsyncConnection, snapshot: str | None) -> AsyncIterator[None]:
    """A transaction that sees the state that a slot exported."""
    await connection.execute(_BEGIN)
    if snapshot is not None:
        await connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
    yield
    await connection.execute(b"COMMIT")
