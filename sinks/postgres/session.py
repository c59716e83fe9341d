"""A connection to Postgres with what it has prepared, and the transaction that writes a batch through it."""

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from router.api import ConnectorError, Reason
from sinks.postgres.config import PostgresConfig
from sinks.postgres.errors import translate_connecting
from sinks.postgres.positions import Advance
from sinks.postgres.rows import block
from sinks.postgres.statements import Statements

_CONNECT_SECONDS = 10


class Session:
    """One connection.

    login: the user and the password that it was opened with. committing: a COMMIT is on its way, so that only its
    answer tells what happened. hung_up: we cut it ourselves.
    """

    def __init__(self, connection: AsyncConnection, login: tuple[str, str]) -> None:
        self.connection = connection
        self.login = login
        self.committing = False
        self.hung_up = False
        self._staged: set[bytes] = set()

    @classmethod
    async def open(cls, config: PostgresConfig, sink: str) -> Self:
        """Connect. Raises ConnectorError."""
        user, password = login = config.login()
        try:
            connection = await AsyncConnection.connect(
                host=config.host,
                port=config.port,
                dbname=config.database,
                user=user,
                password=password,
                sslmode=config.sslmode,
                sslrootcert=config.ssl_root_cert,
                client_encoding="UTF8",
                connect_timeout=_CONNECT_SECONDS,
                application_name=f"connectors/{sink}",
                options=_options(config),
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            # Without the cause, which adds nothing but what may be in its text.
            raise translate_connecting(error) from None
        return cls(connection, login)

    async def write(self, statements: Statements, encoded: Sequence[bytes], advance: Advance) -> int:
        """Write the rows and the position in one transaction; returns how many rows came in.

        Raises ConnectorError (POSITION_MOVED), psycopg.Error.
        """
        connection = self.connection
        await self._stage(statements)
        await connection.execute(b"BEGIN")
        await self._copy(statements, encoded)
        self.committing = True
        async with connection.pipeline():
            merge = await connection.execute(statements.merge, advance.parameters)
            # Never prepared: where the merge fails, the server skips what follows it in the pipeline, but psycopg would
            # believe that the statement has been prepared.
            await connection.execute(b"COMMIT", prepare=False)
        self.committing = False
        moved, merged = await merge.fetchone() or (0, 0)
        _demand_one(moved)
        return int(merged)

    async def advance(self, advance: Advance) -> None:
        """Move the position only. Raises ConnectorError (POSITION_MOVED), psycopg.Error."""
        self.committing = True
        moved = await self.connection.execute(*advance)
        self.committing = False
        _demand_one(moved.rowcount)

    async def try_copy(self, statements: Statements, encoded: Sequence[bytes]) -> None:
        """Copy the rows and take it back. Raises psycopg.Error if a row is refused."""
        try:
            await self.connection.execute(b"BEGIN")
            await self._copy(statements, encoded)
        finally:
            await self.roll_back()

    async def roll_back(self) -> None:
        """End a transaction that is open. Raises psycopg.Error."""
        if self.connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            await self.connection.execute(b"ROLLBACK")

    def hang_up(self) -> None:
        """Cut the connection, so that whatever waits for the server fails now."""
        self.hung_up = True
        # Of a duplicate, since the descriptor itself belongs to libpq. It may be gone already.
        with (
            suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self.connection.pgconn.socket)) as duplicate,
        ):
            duplicate.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Disconnect."""
        await self.connection.close()

    async def _stage(self, statements: Statements) -> None:
        if statements.stage not in self._staged:
            await self.connection.execute(statements.stage)
            self._staged.add(statements.stage)

    async def _copy(self, statements: Statements, encoded: Sequence[bytes]) -> None:
        async with self.connection.cursor() as cursor, cursor.copy(statements.copy) as copy:
            await copy.write(block(encoded))


def _demand_one(moved: int) -> None:
    if moved != 1:
        raise ConnectorError(
            Reason.POSITION_MOVED, "The position is not where it was left, or another owner has claimed the partition."
        )


def _options(config: PostgresConfig) -> str:
    """The server's own limits, shorter than ours, since its answer says what has become of the transaction.

    They also see to it that a process that hangs does not hold its partitions' positions for ever.
    """
    milliseconds = config.timeout_seconds * 1000
    settings = {
        "lock_timeout": milliseconds / 3,
        "statement_timeout": milliseconds * 2 / 3,
        "idle_in_transaction_session_timeout": milliseconds,
    }
    return " ".join([f"-c {name}={int(value)}" for name, value in settings.items()])
