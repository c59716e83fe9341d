"""The Postgres sink: rows and position in one transaction."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from router.api import Batch, ConnectorError, Reason, RecordsRefusedError, Schema, TopicPartition
from sinks.postgres.config import PostgresConfig
from sinks.postgres.errors import refused_line, translate
from sinks.postgres.positions import Advance, Claim, Positions
from sinks.postgres.rows import Rows
from sinks.postgres.session import Session
from sinks.postgres.sessions import Sessions
from sinks.postgres.statements import Statements
from sinks.postgres.table import ensure_positions
from sinks.postgres.target import Target, target


class PostgresSink:
    """Exactly once: a row is there if and only if the position behind it is."""

    def __init__(self, config: PostgresConfig, sessions: Sessions, positions: Positions) -> None:
        self._config = config
        self._sessions = sessions
        self._positions = positions
        self._epochs: dict[TopicPartition, int] = {}
        self._targets: dict[int, tuple[Schema | None, Target]] = {}

    async def claim(self, partition: TopicPartition) -> int | None:
        """Take the partition over. Raises ConnectorError."""
        positions = self._positions

        async def work(session: Session) -> Claim:
            await ensure_positions(session.connection, positions.table, positions.create)
            return await positions.claim(session.connection, partition)

        claimed = await self._sessions.run(work)
        self._epochs[partition] = claimed.epoch
        return claimed.position

    async def write(self, batch: Batch) -> int:
        """Write the batch's rows and its position. Raises ConnectorError, RecordsRefusedError."""
        epoch = self._epochs.get(batch.partition)
        if epoch is None:
            raise ConnectorError(Reason.POSITION_MOVED, f"Partition {batch.partition} has not been claimed.")
        advance = self._positions.advance(batch.partition, epoch, batch.first_offset, batch.next_offset)
        if not batch.events:
            await self._sessions.run(lambda session: session.advance(advance))
            return 0
        some, prepared = (await self._target(batch.schema)).prepare(batch.events)
        return await self._sessions.run(lambda session: _write(session, prepared, some, advance))

    async def _target(self, schema: Schema | None) -> Target:
        """The target of a schema, which is kept with it so that its identity stays taken."""
        if id(schema) not in self._targets:
            made = target(self._config, schema, len(self._targets), self._positions.moving)
            self._targets[id(schema)] = (schema, made)
        found = self._targets[id(schema)][1]
        if time.monotonic() >= found.due_at:
            await self._sessions.run(found.ensure)
        return found


@asynccontextmanager
async def open_sink(config: PostgresConfig, name: str) -> AsyncIterator[PostgresSink]:
    """The sink while the context lasts; it connects with the first claim. Raises ConnectorError if that fails."""
    sessions = Sessions(lambda: Session.open(config, name), config.login, config.connections, config.timeout_seconds)
    try:
        yield PostgresSink(config, sessions, Positions(config.table, name))
    finally:
        await sessions.close()


async def _write(session: Session, prepared: Statements, some: Rows, advance: Advance) -> int:
    """Returns how many rows were there already. Raises RecordsRefusedError if COPY tells which rows it refuses."""
    try:
        return len(some.encoded) - await session.write(prepared, some.encoded, advance)
    except psycopg.Error as error:
        if refused_line(error) is None:
            raise
        await session.roll_back()
        raise RecordsRefusedError(await _refused(session, prepared, some, error)) from None


async def _refused(
    session: Session, prepared: Statements, some: Rows, error: psycopg.Error | None
) -> dict[int, ConnectorError]:
    """All rows that COPY refuses, each found once: after a refused row only those behind it are tried.

    So many at a time that the expected work stays linear, however many rows are refused.
    """
    refused: dict[int, ConnectorError] = {}
    start, tried = 0, len(some.encoded)
    while True:
        if error is None:
            start += tried
            tried *= 2
        else:
            line, translated = refused_line(error), translate(error)
            if line is None or translated is None:
                raise error
            refused[some.event_indexes[start + line - 1]] = translated
            start += line
            tried = line * 2
        if start >= len(some.encoded):
            return refused
        try:
            await session.try_copy(prepared, some.encoded[start : start + tried])
        except psycopg.Error as next_error:
            error = next_error
        else:
            error = None
