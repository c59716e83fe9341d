"""Engines: connections that can read, and change nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from sources.sql_poll.config import SqlPollConfig
from sources.sql_poll.threads import in_thread

_CONNECT_SECONDS = 10


def make_engine(config: SqlPollConfig, name: str) -> Engine:
    """An engine with one connection. JSON is left as the text that it is. Raises what SQLAlchemy raises."""
    arguments: dict[str, Any] = {"json_deserializer": _text} if config.dialect in ("postgresql", "sqlite") else {}
    if config.driver == "postgresql+psycopg":
        milliseconds = int(config.query_timeout_seconds * 1000)
        arguments["connect_args"] = {
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": f"connectors/{name}",
            "options": f"-c statement_timeout={milliseconds} -c timezone=UTC -c idle_in_transaction_session_timeout=0",
        }
    engine = create_engine(
        config.url(), pool_size=1, max_overflow=0, pool_pre_ping=True, hide_parameters=True, **arguments
    )
    if config.is_file:
        event.listen(engine, "connect", _read_only)
    return engine


@asynccontextmanager
async def open_engine(config: SqlPollConfig, name: str) -> AsyncIterator[Engine]:
    """An engine while the context lasts. Raises ConnectorError if there is no such driver."""
    engine = await in_thread(lambda: make_engine(config, name))
    try:
        yield engine
    finally:
        await in_thread(engine.dispose)


def connect(engine: Engine) -> Connection:
    """A connection whose transactions read only, and whose results are streamed."""
    options: dict[str, Any] = {"stream_results": True}
    if engine.dialect.name == "postgresql":
        options["postgresql_readonly"] = True
    return engine.connect().execution_options(**options)


def _read_only(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
