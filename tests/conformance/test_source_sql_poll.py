"""The SQL poll keeps what it declares, against the real server and a file of SQLite."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from router.dev.endpoints import Endpoints
from router.testing.conformance.source import SourceClaims, SourceOrigin
from sources.sql_poll import connector
from tests.integration.postgres_sinks import Database

_CLOSED_PORT = 1


def _streams(table: str) -> Mapping[str, Any]:
    return {"rows": {"mode": "incrementing", "table": table, "incrementing_column": "id"}}


class Table(SourceOrigin):
    """A table of its own in the server."""

    def __init__(self, endpoints: Endpoints, name: str) -> None:
        self._endpoints = endpoints
        self._database = Database(endpoints)
        self._name = name
        self.secrets = {"${env:DB_PASSWORD}": endpoints.postgres_password}
        self._database.run("CREATE TABLE {} (id bigserial PRIMARY KEY, note text, amount numeric(8, 2))", name)

    async def __aexit__(self, *_error: object) -> None:
        self._database.run("DROP TABLE {}", self._name)
        self._database.close()

    @property
    def config(self) -> Mapping[str, Any]:
        return {
            "driver": "postgresql+psycopg",
            "host": self._endpoints.postgres_host,
            "port": self._endpoints.postgres_port,
            "user": self._endpoints.postgres_user,
            "password": "${env:DB_PASSWORD}",
            "database": self._endpoints.postgres_database,
            "streams": _streams(self._name),
            "batch_rows": 2,
        }

    @property
    def away(self) -> Mapping[str, Any]:
        return {**self.config, "port": _CLOSED_PORT}

    async def add(self, count: int) -> None:
        insert = "INSERT INTO {} (note, amount) SELECT 'żółw ' || g, g / 3.0 FROM generate_series(1, %s) g"
        self._database.run(insert, self._name, count)

    async def state(self) -> object:
        return self._database.run("SELECT * FROM {} ORDER BY id", self._name), self._database.types(self._name)


class File(SourceOrigin):
    """A file of SQLite."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "origin.db"
        self._away = directory / "no-such-directory" / "origin.db"
        self._run("CREATE TABLE rows (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT)")

    @property
    def config(self) -> Mapping[str, Any]:
        return {"driver": "sqlite", "database": str(self._path), "streams": _streams("rows"), "batch_rows": 2}

    @property
    def away(self) -> Mapping[str, Any]:
        return {**self.config, "database": str(self._away)}

    async def add(self, count: int) -> None:
        for _ in range(count):
            self._run("INSERT INTO rows (note) VALUES ('some')")

    async def state(self) -> object:
        return self._path.read_bytes()

    def _run(self, statement: str) -> None:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute(statement)


class TestPostgres(SourceClaims):
    connector = connector

    @pytest.fixture
    def origin(self, endpoints: Endpoints, unique: Callable[[], str]) -> SourceOrigin:
        return Table(endpoints, unique())


class TestSqlite(SourceClaims):
    connector = connector

    @pytest.fixture
    def origin(self, tmp_path: Path) -> SourceOrigin:
        return File(tmp_path)
