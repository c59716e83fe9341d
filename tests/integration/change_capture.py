"""What the tests of change data capture share: an origin, a log of what was committed, and a way into a sink."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import fastavro
import psycopg

from router.api import Batch, Checkpoint, ConnectorError, Event, Position, Reason, Record, Schema
from router.dev.endpoints import Endpoints
from sinks.postgres.sink import PostgresSink, open_sink
from sources.postgres_cdc.config import PostgresCdcConfig
from sources.postgres_cdc.source import PostgresCdc, open_source
from tests.integration.postgres_sinks import config
from tests.unit.sinks.examples import NOW, PARTITION, secret

WAIT_SECONDS = 60


class Origin:
    """A schema of its own in the database, which is dropped at the end with its publication and slot."""

    def __init__(self, endpoints: Endpoints, name: str) -> None:
        self.name = name
        self._endpoints = endpoints
        self._connection = self.connect()
        self.run(f"CREATE SCHEMA {name}")

    def connect(self) -> psycopg.Connection:
        """Another connection, in the schema."""
        return psycopg.connect(
            host=self._endpoints.postgres_host,
            port=self._endpoints.postgres_port,
            user=self._endpoints.postgres_user,
            password=self._endpoints.postgres_password,
            dbname=self._endpoints.postgres_database,
            options=f"-c search_path={self.name},public -c timezone=UTC",
            autocommit=True,
        )

    def run(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Execute a statement; returns the rows if it has any."""
        cursor = self._connection.execute(statement.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []

    def config(self, *tables: str, **changes: Any) -> PostgresCdcConfig:
        """The configuration of a source that follows tables of the schema."""
        settings = {
            "host": self._endpoints.postgres_host,
            "port": self._endpoints.postgres_port,
            "user": self._endpoints.postgres_user,
            "password": secret(self._endpoints.postgres_password),
            "database": self._endpoints.postgres_database,
            "tables": [f"{self.name}.{table}" for table in tables],
            "slot": self.name,
            "publication": self.name,
        }
        return PostgresCdcConfig.model_validate(settings | changes)

    def confirmed(self) -> str:
        """How far the slot has been told that all is durable."""
        ((position,),) = self.run(
            "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = %s", self.name
        )
        return str(position)

    async def drop(self) -> None:
        """Remove all traces."""
        slot = "SELECT active FROM pg_replication_slots WHERE slot_name = %s"
        await until(lambda: (True,) not in self.run(slot, self.name))
        if self.run(slot, self.name):
            self.run("SELECT pg_drop_replication_slot(%s)", self.name)
        self.run(f"DROP PUBLICATION IF EXISTS {self.name}")
        self.run(f"DROP SCHEMA {self.name} CASCADE")
        self._connection.close()


class CommittedLog:
    """Stands for Kafka: records and checkpoint of a call become durable together, or, when cut, not at all.

    cut_after: how many more calls succeed before one fails.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.checkpoints: dict[str, Position] = {}
        self.cut_after: int | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.offered = 0

    async def __call__(self, records: Sequence[Record], *, checkpoint: Checkpoint | None = None) -> None:
        self.offered += len(records)
        await self.open.wait()
        await asyncio.sleep(0)
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                raise ConnectorError(Reason.BROKER_UNAVAILABLE, "cut")
        self.records += records
        if checkpoint is not None:
            self.checkpoints[checkpoint.stream] = checkpoint.position

    def ops(self) -> list[tuple[str, Mapping[str, Any] | None]]:
        """What has happened, with the row after it, or before if there is none after."""
        return [(data["op"], data["after"] or data["before"]) for data in self.data()]

    def data(self) -> list[Mapping[str, Any]]:
        """The data of all records."""
        return [record.data for record in self.records if isinstance(record.data, Mapping)]


@asynccontextmanager
async def running(config: PostgresCdcConfig, log: CommittedLog) -> AsyncIterator["Run"]:
    """A source that runs from the log's checkpoints while the context lasts."""
    async with open_source(config, "cdc") as source:
        run = Run(source, log)
        try:
            yield run
        finally:
            await run.stop()


class Run:
    """A run under way."""

    def __init__(self, source: PostgresCdc, log: CommittedLog) -> None:
        self.log = log
        self.task = asyncio.create_task(source.run(log, dict(log.checkpoints)))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds. Raises what the run raised."""

        def so_far() -> bool:
            if self.task.done():
                self.task.result()
            return holds()

        await until(so_far)

    async def streams(self) -> None:
        """Wait until the snapshot is done."""
        await self.until(lambda: "wal" in self.log.checkpoints)

    async def stop(self) -> None:
        """Cancel it, as at a shutdown."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not holds():  # noqa: ASYNC110  what is waited for is in the database or in a list
            await asyncio.sleep(0.01)


class Delivery:
    """Delivers a log's records to a sink as the runtime would: through Avro, in batches of one schema."""

    def __init__(self, sink: PostgresSink, most: int = 500) -> None:
        self._sink = sink
        self._most = most
        self._offset = 0
        self._decoded: dict[int, Schema] = {}

    async def deliver(self, records: Sequence[Record]) -> None:
        """Write all of them."""
        if not self._offset:
            await self._sink.claim(PARTITION)
        for schema, some in runs(records, self._most):
            events = tuple([event(record, self._offset + number) for number, record in enumerate(some)])
            following = self._offset + len(events)
            # The sink sees a schema that has been to the registry and back, not the source's object.
            known = self._decoded.setdefault(id(schema), Schema(dict(schema.avro)))
            await self._sink.write(Batch(PARTITION, events, self._offset, following, known))
            self._offset = following


def runs(records: Sequence[Record], most: int) -> Iterator[tuple[Schema, Sequence[Record]]]:
    """Consecutive records of one schema."""
    at = 0
    while at < len(records):
        schema, end = records[at].schema, at
        while end < len(records) and records[end].schema is schema and end - at < most:
            end += 1
        assert schema is not None
        yield schema, records[at:end]
        at = end


def event(record: Record, version: int) -> Event:
    """The event that a sink sees of a record."""
    return Event(
        id=record.id,
        source="/cdc",
        type=record.type,
        subject=record.subject,
        time=record.time,
        datacontenttype=None,
        dataschema=None,
        tenant=None,
        idempotency_key=record.id,
        traceparent=None,
        ingested_at=NOW,
        connector="cdc",
        data=through_avro(record),
        key=(record.subject or record.id).encode(),
        version=version,
    )


def through_avro(record: Record) -> Mapping[str, Any]:
    """The data as it is after being encoded and decoded."""
    assert record.schema is not None
    parsed = fastavro.parse_schema(dict(record.schema.avro))
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, parsed, record.data, disable_tuple_notation=True, strict=True)
    buffer.seek(0)
    decoded = fastavro.schemaless_reader(buffer, parsed, None)
    assert isinstance(decoded, dict)
    return decoded


async def replicate(origin: Origin, endpoints: Endpoints, log: CommittedLog, key: Sequence[str], most: int) -> None:
    """Write the log into the table `replica`."""
    settings = config(endpoints, f"{origin.name}.replica", mode="upsert", key=list(key))
    async with open_sink(settings, origin.name) as sink:
        await Delivery(sink, most).deliver(log.records)


def differences(origin: Origin, columns: str) -> list[tuple[object, ...]]:
    """Rows that are in only one of the tables `origin` and `replica`."""
    ours, theirs = [f"SELECT {columns} FROM {table}" for table in ("origin", "replica")]  # noqa: S608  names of our own
    return origin.run(f"({ours} EXCEPT ALL {theirs}) UNION ALL ({theirs} EXCEPT ALL {ours})")
