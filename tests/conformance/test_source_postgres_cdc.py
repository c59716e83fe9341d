"""The change data capture of Postgres keeps what it declares, against the real server."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from router.dev.endpoints import Endpoints
from router.testing.conformance.source import SourceClaims, SourceOrigin
from sources.postgres_cdc import connector
from tests.integration.change_capture import Origin

_CLOSED_PORT = 1


class Schema(SourceOrigin):
    """A schema of its own with a table, which is dropped at the end with its publication and slot."""

    def __init__(self, endpoints: Endpoints, name: str) -> None:
        self._endpoints = endpoints
        self._origin = Origin(endpoints, name)
        self.secrets = {"${env:DB_PASSWORD}": endpoints.postgres_password}
        self._origin.run("CREATE TABLE orders (id bigserial PRIMARY KEY, note text, amount numeric(8, 2))")

    async def __aexit__(self, *_error: object) -> None:
        await self._origin.drop()

    @property
    def config(self) -> Mapping[str, Any]:
        return {
            "host": self._endpoints.postgres_host,
            "port": self._endpoints.postgres_port,
            "user": self._endpoints.postgres_user,
            "password": "${env:DB_PASSWORD}",
            "database": self._endpoints.postgres_database,
            "tables": [f"{self._origin.name}.orders"],
            "slot": self._origin.name,
            "publication": self._origin.name,
        }

    @property
    def away(self) -> Mapping[str, Any]:
        return {**self.config, "port": _CLOSED_PORT}

    async def add(self, count: int) -> None:
        insert = "INSERT INTO orders (note, amount) SELECT 'żółw ' || g, g / 3.0 FROM generate_series(1, %s) g"
        self._origin.run(insert, count)

    async def state(self) -> object:
        return (
            self._origin.run("SELECT * FROM orders ORDER BY id"),
            self._origin.run("SELECT slot_name FROM pg_replication_slots ORDER BY 1"),
            self._origin.run("SELECT pubname FROM pg_publication ORDER BY 1"),
        )


class TestPostgresCdc(SourceClaims):
    connector = connector

    @pytest.fixture
    def origin(self, endpoints: Endpoints, unique: Callable[[], str]) -> SourceOrigin:
        return Schema(endpoints, unique())
