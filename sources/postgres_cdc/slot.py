"""The publication and the replication slot: made where they are missing, checked where they are not."""

from collections.abc import Sequence
from typing import NamedTuple

import psycopg
from psycopg import AsyncConnection, sql

from router.api import ConnectorError, Reason
from sources.postgres_cdc import lsn
from sources.postgres_cdc.catalog import Table
from sources.postgres_cdc.config import PostgresCdcConfig

_SLOT = """
SELECT plugin, database, confirmed_flush_lsn::text, wal_status FROM pg_replication_slots WHERE slot_name = %s
"""
_PUBLISHED = """
SELECT schemaname || '.' || tablename FROM pg_publication_tables WHERE pubname = %s
"""
# Read as JSON, since servers before 15 have neither.
_NARROWED = """
SELECT r.prrelid::regclass::text FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
WHERE p.pubname = %s AND (to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL)
"""
_OLDEST_VERSION = 140_000
_PUBLICATION = "SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate FROM pg_publication WHERE pubname = %s"


class Slot(NamedTuple):
    """A slot that was made. start: where its changes begin. snapshot: the name of the state just before."""

    start: int
    snapshot: str | None


async def check_server(connection: AsyncConnection, tables: Sequence[Table]) -> None:
    """Whether the server logs what is needed, and the tables can be read and followed. Raises ConnectorError."""
    if connection.info.server_version < _OLDEST_VERSION:
        raise ConnectorError(
            Reason.CONFIG_INVALID,
            "The server is older than PostgreSQL 14.",
            fix="Upgrade the server.",
        )
    level = await _value(connection, "SHOW wal_level")
    if level != "logical":
        raise ConnectorError(
            Reason.CONFIG_INVALID,
            f"The server's wal_level is {level}, but must be logical.",
            fix="ALTER SYSTEM SET wal_level = logical, then restart the server.",
        )
    for table in tables:
        if not table.readable:
            raise ConnectorError(
                Reason.PERMISSION_DENIED,
                f"The role may not read {table.full_name}.",
                fix=f"GRANT SELECT ON {table.full_name} TO the role, and USAGE on its schema.",
            )
        if not table.is_identified:
            raise ConnectorError(
                Reason.CONFIG_INVALID,
                f"Table {table.full_name} has no primary key and no other replica identity, so that Postgres would "
                "refuse to update or delete its rows as soon as they are published.",
                fix=f"ALTER TABLE {table.full_name} ADD PRIMARY KEY (…), or REPLICA IDENTITY FULL.",
            )


async def check_publication(connection: AsyncConnection, config: PostgresCdcConfig) -> bool:
    """Whether the publication is there. Raises ConnectorError (CONFIG_INVALID) if it does not publish what it must."""
    everything = await _value(connection, _PUBLICATION, config.publication)
    if everything is None:
        return False
    cursor = await connection.execute(_PUBLISHED, (config.publication,))
    missing = set(config.tables) - {name for (name,) in await cursor.fetchall()}
    if missing:
        raise ConnectorError(
            Reason.CONFIG_INVALID,
            f"The publication {config.publication} lacks {', '.join(sorted(missing))}.",
            fix=f"ALTER PUBLICATION {config.publication} ADD TABLE {', '.join(sorted(missing))}.",
        )
    narrowed = await _value(connection, _NARROWED, config.publication)
    if narrowed is not None:
        raise ConnectorError(
            Reason.CONFIG_INVALID,
            f"The publication {config.publication} leaves out some rows or columns of {narrowed}.",
            fix=f"A snapshot would not: ALTER PUBLICATION {config.publication} SET TABLE …, without them.",
        )
    if not everything:
        raise ConnectorError(
            Reason.CONFIG_INVALID,
            f"The publication {config.publication} leaves out some kinds of changes.",
            fix=f"ALTER PUBLICATION {config.publication} SET (publish = 'insert, update, delete, truncate').",
        )
    return True


async def ensure_publication(connection: AsyncConnection, config: PostgresCdcConfig, tables: Sequence[Table]) -> None:
    """Create the publication unless it is there. Raises ConnectorError, psycopg.Error."""
    if await check_publication(connection, config):
        return
    names = sql.SQL(", ").join([sql.Identifier(table.schema, table.name) for table in tables])
    await connection.execute(
        sql.SQL("CREATE PUBLICATION {} FOR TABLE {} WITH (publish_via_partition_root = true)").format(
            sql.Identifier(config.publication), names
        )
    )


async def find_slot(connection: AsyncConnection, config: PostgresCdcConfig) -> int | None:
    """Where the slot's changes begin; None if there is no slot. Raises ConnectorError if it is another's or lost."""
    cursor = await connection.execute(_SLOT, (config.slot,))
    row = await cursor.fetchone()
    if row is None:
        return None
    plugin, database, confirmed, status = row
    if plugin != "pgoutput" or database != config.database:
        raise ConnectorError(
            Reason.CONFIG_INVALID,
            f"The slot {config.slot} exists, but is not one of pgoutput in database {config.database}.",
            fix="Choose another name for the slot.",
        )
    if confirmed is None:
        raise ConnectorError(Reason.TARGET_BUSY, f"The slot {config.slot} is still being created.")
    if status == "lost":
        raise lost(config, "the server has removed its log")
    return lsn.parse(confirmed)


async def create_slot(replication: AsyncConnection, name: str, *, export: bool, temporary: bool = False) -> Slot:
    """Create a slot; an exported snapshot lasts until the connection's next command. Raises psycopg.Error."""
    cursor = await replication.execute(
        sql.SQL("CREATE_REPLICATION_SLOT {}{} LOGICAL pgoutput {}").format(
            sql.Identifier(name),
            sql.SQL(" TEMPORARY" if temporary else ""),
            sql.SQL("EXPORT_SNAPSHOT" if export else "NOEXPORT_SNAPSHOT"),
        )
    )
    row = await cursor.fetchone()
    if row is None:
        message = "the server made a slot without saying so"
        raise psycopg.InternalError(message)
    return Slot(lsn.parse(row[1]), row[2])


def lost(config: PostgresCdcConfig, why: str) -> ConnectorError:
    """The error that the changes since the checkpoint cannot be had any more."""
    return ConnectorError(
        Reason.POSITION_LOST,
        f"The changes since the last checkpoint cannot be read from the slot {config.slot}: {why}.",
        fix="Drop the slot if it is there, give the source a new slot name and a new name of its own, so that it "
        "begins with a snapshot, and empty the replicas.",
    )


async def _value(connection: AsyncConnection, query: str, *parameters: object) -> object:
    cursor = await connection.execute(query.encode(), parameters or None)
    row = await cursor.fetchone()
    return None if row is None else row[0]
