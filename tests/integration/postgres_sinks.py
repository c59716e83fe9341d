"""What the tests of the Postgres sink share: its configuration, and a look into the database."""

from collections.abc import Awaitable
from typing import Any

import psycopg
from psycopg import sql

from router.api import Batch, ConnectorError, Reason
from router.dev.endpoints import Endpoints
from sinks.postgres.config import PostgresConfig
from sinks.postgres.sink import PostgresSink
from tests.unit.sinks.examples import PARTITION, secret


def config(endpoints: Endpoints, table: str, **changes: Any) -> PostgresConfig:
    settings = {
        "host": endpoints.postgres_host,
        "port": endpoints.postgres_port,
        "user": endpoints.postgres_user,
        "password": secret(endpoints.postgres_password),
        "database": endpoints.postgres_database,
        "table": table,
    }
    return PostgresConfig.model_validate(settings | changes)


class Database:
    """Asks and commands the database by itself, each statement on its own."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._connection = psycopg.connect(
            host=endpoints.postgres_host,
            port=endpoints.postgres_port,
            user=endpoints.postgres_user,
            password=endpoints.postgres_password,
            dbname=endpoints.postgres_database,
            autocommit=True,
        )

    def close(self) -> None:
        self._connection.close()

    def run(self, statement: str, table: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Execute a statement with the table in place of `{}`; returns the rows if it has any."""
        query = sql.SQL(statement).format(sql.Identifier(table)).as_bytes()
        cursor = self._connection.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []

    def count(self, table: str) -> int:
        return int(self.run("SELECT count(*) FROM {}", table)[0][0])

    def types(self, table: str) -> dict[str, str]:
        rows = self.run(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", table, table
        )
        return dict(rows)


async def reason(outcome: Awaitable[object]) -> Reason:
    """The reason of the error that it ends with."""
    return (await failure(outcome)).reason


async def failure(outcome: Awaitable[object]) -> ConnectorError:
    """The error that it ends with."""
    try:
        await outcome
    except ConnectorError as error:
        return error
    message = "it was expected to fail"
    raise AssertionError(message)


async def write_all(sink: PostgresSink, batch: Batch) -> int:
    """Claim the batch's partition and write the batch."""
    await sink.claim(PARTITION)
    return await sink.write(batch)
