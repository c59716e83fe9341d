"""The Postgres sink keeps what it declares, against the real server."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from router.dev.endpoints import Endpoints
from router.testing.conformance.exactly_once import Arrival, ExactlyOnceClaims, SinkTarget
from sinks.postgres import connector
from tests.integration.postgres_sinks import Database

_CLOSED_PORT = 1


class Table(SinkTarget):
    """A table of its own."""

    def __init__(self, endpoints: Endpoints, name: str, changes: Mapping[str, Any]) -> None:
        self._database = Database(endpoints)
        self._name = name
        self._changes = changes
        self._endpoints = endpoints
        self.secrets = {"${env:DB_PASSWORD}": endpoints.postgres_password}

    @property
    def config(self) -> Mapping[str, Any]:
        settings = {
            "host": self._endpoints.postgres_host,
            "port": self._endpoints.postgres_port,
            "database": self._endpoints.postgres_database,
            "user": self._endpoints.postgres_user,
            "password": "${env:DB_PASSWORD}",
            "table": self._name,
        }
        return settings | dict(self._changes)

    @property
    def away(self) -> Mapping[str, Any]:
        return {**self.config, "port": _CLOSED_PORT}

    async def arrived(self) -> Sequence[Arrival]:
        if not self._database.types(self._name):
            return []
        return [Arrival(*row) for row in self._database.run("SELECT id, idempotency_key FROM {}", self._name)]

    async def __aexit__(self, *_error: object) -> None:
        self._database.run("DROP TABLE IF EXISTS {}", self._name)
        self._database.close()


class TestOneConnection(ExactlyOnceClaims):
    connector = connector

    @pytest.fixture
    def target(self, endpoints: Endpoints, unique: Callable[[], str]) -> SinkTarget:
        return Table(endpoints, unique(), {"connections": 1})


class TestBytes(ExactlyOnceClaims):
    connector = connector

    @pytest.fixture
    def target(self, endpoints: Endpoints, unique: Callable[[], str]) -> SinkTarget:
        return Table(endpoints, unique(), {"payload": "bytes"})
