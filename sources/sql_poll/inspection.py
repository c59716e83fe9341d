"""What can be said before running: whether the streams can be read, and what there is to read."""

from collections.abc import Sequence
from contextlib import closing

from sqlalchemy import Connection, Engine, func, inspect, select, table, text

from router.api import Stream
from sources.sql_poll.conditions import Conditions
from sources.sql_poll.config import SqlPollConfig
from sources.sql_poll.engine import connect, open_engine
from sources.sql_poll.origin import origin, table_origin
from sources.sql_poll.records import key_of
from sources.sql_poll.row_schema import row_schema
from sources.sql_poll.stream_config import StreamConfig
from sources.sql_poll.threads import in_thread

_OF_THE_DATABASE = ("information_schema", "performance_schema", "mysql", "sys")
_ESTIMATE = text("SELECT reltuples::bigint FROM pg_catalog.pg_class WHERE oid = to_regclass(:name)")


async def check(config: SqlPollConfig) -> None:
    """Ask for one row of every stream. Raises ConnectorError."""

    def look(engine: Engine) -> None:
        with closing(connect(engine)) as connection:
            for stream in config.streams.values():
                conditions = Conditions(connection, stream, origin(connection, stream), config.time_zone)
                connection.execute(conditions.new_rows(None).limit(1)).fetchall()

    async with open_engine(config, "check") as engine:
        await in_thread(lambda: look(engine))


async def discover(config: SqlPollConfig) -> Sequence[Stream]:
    """The configured streams; without any, all tables of the database's schemas. Raises ConnectorError."""

    def look(engine: Engine) -> list[Stream]:
        with closing(connect(engine)) as connection:
            if config.streams:
                return [_stream(connection, name, stream) for name, stream in config.streams.items()]
            return [_table(connection, name) for name in _tables(connection)]

    async with open_engine(config, "discover") as engine:
        return await in_thread(lambda: look(engine))


def _stream(connection: Connection, name: str, config: StreamConfig) -> Stream:
    found = origin(connection, config)
    key = tuple(found.fields[found.number(each)].field for each in key_of(config, found))
    estimate = None if config.table is None else _estimate(connection, config.table)
    return Stream(name, row_schema(name, found.fields), key, estimate)


def _table(connection: Connection, name: str) -> Stream:
    found = table_origin(connection, name)
    key = tuple(found.fields[found.number(each)].field for each in found.key)
    return Stream(name, row_schema(name, found.fields), key, _estimate(connection, name))


def _tables(connection: Connection) -> list[str]:
    """All tables, as `schema.table` where the database has schemas, without those of the database itself."""
    inspector = inspect(connection)
    if connection.dialect.name == "sqlite":
        return inspector.get_table_names()
    schemas = [name for name in inspector.get_schema_names() if name not in _OF_THE_DATABASE]
    return [f"{schema}.{name}" for schema in schemas for name in inspector.get_table_names(schema)]


def _estimate(connection: Connection, name: str) -> int | None:
    """How many rows there may be; None where the database has no estimate at hand."""
    if connection.dialect.name == "sqlite":
        schema, _, own = name.rpartition(".")
        return int(connection.execute(select(func.count()).select_from(table(own, schema=schema or None))).scalar_one())
    if connection.dialect.name != "postgresql":
        return None
    quote = connection.dialect.identifier_preparer.quote_identifier
    quoted = ".".join([quote(part) for part in name.split(".")])
    found = connection.execute(_ESTIMATE, {"name": quoted}).scalar()
    return None if found is None or found < 0 else int(found)
