"""Connections to Postgres: one that speaks SQL, and one that speaks the replication protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection

from router.api import revealed
from sources.postgres_cdc.config import PostgresCdcConfig
from sources.postgres_cdc.errors import translated

_CONNECT_SECONDS = 10

# How values are written as text, whatever the server's and the role's settings say.
_SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmlbinary": "base64",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
_OPTIONS = " ".join([f"-c {name}={value}" for name, value in _SETTINGS.items()])


@asynccontextmanager
async def connect(
    config: PostgresCdcConfig, source: str, *, replication: bool = False
) -> AsyncIterator[AsyncConnection]:
    """A connection while the context lasts. Raises ConnectorError if it cannot be made."""
    with translated():
        connection = await AsyncConnection.connect(
            host=config.host,
            port=config.port,
            dbname=config.database,
            user=revealed(config.user),
            password=config.password.reveal(),
            sslmode=config.sslmode,
            sslrootcert=config.ssl_root_cert,
            client_encoding="UTF8",
            connect_timeout=_CONNECT_SECONDS,
            # So that a server that vanished is noticed.
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            application_name=f"connectors/{source}",
            options=_OPTIONS,
            replication="database" if replication else None,
            autocommit=True,
        )
    try:
        yield connection
    finally:
        await connection.close()
