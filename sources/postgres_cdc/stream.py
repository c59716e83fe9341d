"""Follows the slot: from the log's messages to emitted records, and back to the slot what is durable."""

import asyncio
import struct
import time
from contextlib import suppress

import psycopg
from psycopg import AsyncConnection, sql

from router.api import ConnectorError, Emit, Reason
from sources.postgres_cdc import lsn
from sources.postgres_cdc.catalog import Catalog
from sources.postgres_cdc.changes import Changes, Kinds, Missing
from sources.postgres_cdc.config import PostgresCdcConfig
from sources.postgres_cdc.errors import is_in_use
from sources.postgres_cdc.outbox import Outbox, Parcel
from sources.postgres_cdc.records import POSTGRES_EPOCH_MICROSECONDS
from sources.postgres_cdc.relation import Relations
from sources.postgres_cdc.relation_message import relation_of
from sources.postgres_cdc.select import select_values
from sources.postgres_cdc.together import until_first
from sources.postgres_cdc.wire import Wire

WAL = "wal"
_MESSAGES = 1_000
_STATUS_SECONDS = 10
_STATUS_PAUSE_SECONDS = 0.2
_STATUS = struct.Struct("!cQQQqB").pack
_ATTEMPTS, _ATTEMPT_SECONDS = 30, 0.2
_HEARTBEAT = b"SELECT pg_logical_emit_message(false, 'connectors', '')"


class Follower:
    """One run of the stream, from a position on."""

    def __init__(
        self,
        config: PostgresCdcConfig,
        relations: Relations,
        connection: AsyncConnection,
        replication: AsyncConnection,
        emit: Emit,
        start: tuple[int, int],
    ) -> None:
        self._config = config
        self._relations = relations
        self._connection = connection
        self._catalog = Catalog(connection)
        self._wire = Wire(replication)
        self._start = start[0]
        self._changes = Changes(*start)
        self._outbox = Outbox(emit, WAL, self._confirm)
        self._flushed = 0
        self._news = asyncio.Event()

    async def follow(self) -> None:
        """Never returns. Raises ConnectorError, psycopg.Error."""
        await self._begin()
        await self._outbox.run(self._work)

    async def _work(self) -> None:
        work = [self._read(), self._report()]
        if self._config.heartbeat_seconds is not None:
            work.append(self._beat(self._config.heartbeat_seconds))
        await until_first(*work)

    async def _begin(self) -> None:
        options = {"proto_version": "1", "publication_names": _quoted(self._config.publication)}
        if self._config.heartbeat_seconds is not None:
            options["messages"] = "true"
        command = sql.SQL("START_REPLICATION SLOT {} LOGICAL {} ({})").format(
            sql.Identifier(self._config.slot),
            sql.SQL(lsn.show(self._start)),
            sql.SQL(", ").join([sql.SQL("{} {}").format(sql.SQL(name), value) for name, value in options.items()]),
        )
        # The server may not have noticed yet that the connection before this one has gone.
        for attempt in range(_ATTEMPTS):
            try:
                await self._wire.start(command.as_bytes())
            except psycopg.Error as error:
                if not is_in_use(error) or attempt == _ATTEMPTS - 1:
                    raise
                await asyncio.sleep(_ATTEMPT_SECONDS)
            else:
                return

    async def _read(self) -> None:
        changes, said = self._changes, 0
        while messages := await self._wire.messages(_MESSAGES):
            at = 0
            while (at := changes.feed(messages, at)) < len(messages):
                await self._look_up(messages[at])
                at += 1
            changes.hand_on()
            if changes.ready or changes.durable > said:
                records, changes.ready, said = changes.ready, [], changes.durable
                commit, index = changes.ready_position
                position = {"lsn": lsn.show(commit), "index": index} if records else None
                await self._outbox.put(Parcel(records, position, sum(map(len, messages)), said))
            if changes.asks_reply:
                changes.asks_reply = False
                self._news.set()
            # So that emitting goes on even if there is always something to read.
            await asyncio.sleep(0)
        raise ConnectorError(Reason.TARGET_UNREACHABLE, "PostgreSQL has ended the stream of changes.")

    async def _look_up(self, message: bytes) -> None:
        changes = self._changes
        if changes.missing:
            wanted, changes.missing = changes.missing, []
            for missing in wanted:
                await self._complete(missing)
            return
        identity, relation = await relation_of(message, self._catalog, self._relations, self._config.tables)
        changes.relations[identity] = None if relation is None else Kinds.of(relation)

    async def _complete(self, missing: Missing) -> None:
        """Read the values from the table. Whatever they are by now, later changes of them come later in the log."""
        after, texts = await select_values(self._connection, missing)
        self._changes.complete(missing, after, texts)

    def _confirm(self, durable: int) -> None:
        if durable > self._flushed:
            self._flushed = durable
            self._news.set()

    async def _report(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_STATUS_SECONDS):
                    await self._news.wait()
            self._news.clear()
            now = time.time_ns() // 1000 - POSTGRES_EPOCH_MICROSECONDS
            self._wire.send(_STATUS(b"r", self._flushed, self._flushed, self._flushed, now, 0))
            await asyncio.sleep(_STATUS_PAUSE_SECONDS)

    async def _beat(self, seconds: float) -> None:
        while True:
            await self._connection.execute(_HEARTBEAT)
            await asyncio.sleep(seconds)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
