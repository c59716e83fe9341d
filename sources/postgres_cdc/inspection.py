"""What can be said before running: whether it could, and what there is to read."""

from collections.abc import Sequence

from router.api import Stream
from sources.postgres_cdc.catalog import Catalog
from sources.postgres_cdc.config import PostgresCdcConfig
from sources.postgres_cdc.connections import connect
from sources.postgres_cdc.errors import translated
from sources.postgres_cdc.relation import Relations
from sources.postgres_cdc.slot import check_publication, check_server, find_slot


async def check(config: PostgresCdcConfig) -> None:
    """Look whether the source could run, without changing anything. Raises ConnectorError."""
    with translated():
        async with connect(config, "check") as connection:
            tables = await Catalog(connection).tables(config.tables)
            await check_server(connection, tables)
            await check_publication(connection, config)
            await find_slot(connection, config)
        async with connect(config, "check", replication=True) as replication:
            await replication.execute(b"IDENTIFY_SYSTEM")


async def discover(config: PostgresCdcConfig) -> Sequence[Stream]:
    """The tables with the schemas of their changes. Raises ConnectorError."""
    relations = Relations()
    streams = []
    with translated():
        async with connect(config, "discover") as connection:
            catalog = Catalog(connection)
            for table in await catalog.tables(config.tables):
                relation = relations.get(table.schema, table.name, await catalog.columns(table), table.key)
                estimate = table.estimate if table.estimate >= 0 else None
                streams.append(Stream(table.full_name, relation.schema, relation.key, estimate))
    return streams
