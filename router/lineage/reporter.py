"""Sends what there is to tell, beside the data: it waits for nobody, and nobody waits for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakSet

import structlog
from openlineage.client.transport import Transport

from router.api import ConnectorError, Schema
from router.kafka.blocking import call_blocking
from router.lineage.event import run_event
from router.lineage.run import Job, Notice, Runs
from router.observability.metrics import LINEAGE_DROPPED

_QUEUE = 512
_SCHEMA_SECONDS = 60
_log = structlog.get_logger("router.lineage")

SchemaOf = Callable[[str], Awaitable[Schema | None]]
"""The schema of a topic's data. Raises ConnectorError."""


@dataclass(frozen=True, slots=True)
class _Known:
    schema: Schema | None
    until: float


class Reporter:
    """A bounded queue and the task that empties it. What finds no place, or cannot be sent, is counted and gone."""

    def __init__(self, servers: str, transport: Transport, schema_of: SchemaOf, interval_seconds: float) -> None:
        self._servers = servers
        self._transport = transport
        self._schema_of = schema_of
        self._interval_seconds = interval_seconds
        self._queue: asyncio.Queue[Notice] = asyncio.Queue(_QUEUE)
        # A task that is made anew brings new ones; those of the old one go with it.
        self._runs: WeakSet[Runs] = WeakSet()
        self._schemas: dict[str, _Known] = {}
        self._is_failing = False

    def runs(self, job: Job) -> Runs:
        """The runs of a job, which are told from now on."""
        runs = Runs(job, self._tell)
        self._runs.add(runs)
        return runs

    async def send(self) -> None:
        """Send until cancelled."""
        while True:
            await self._send(await self._queue.get())
            self._queue.task_done()

    async def remind(self) -> None:
        """Say, at every interval, what still runs; until cancelled."""
        while True:
            await asyncio.sleep(self._interval_seconds)
            for runs in tuple(self._runs):
                runs.go_on()

    async def drain(self, seconds: float) -> None:
        """Give what is left so much time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._queue.join()

    def _tell(self, notice: Notice) -> None:
        try:
            self._queue.put_nowait(notice)
        except asyncio.QueueFull:
            LINEAGE_DROPPED.inc()

    async def _send(self, notice: Notice) -> None:
        try:
            schemas = {topic: await self._schema(topic) for topic in (*notice.job.reads, *notice.job.writes)}
            event = run_event(notice, self._servers, schemas)
            await call_blocking(lambda: self._transport.emit(event), "lineage")
        except Exception as error:  # noqa: BLE001  the outermost loop of lineage: whatever its client raises, data goes on
            LINEAGE_DROPPED.inc()
            if not self._is_failing:
                _log.warning("lineage events cannot be sent", error=type(error).__name__)
            self._is_failing = True
        else:
            self._is_failing = False

    async def _schema(self, topic: str) -> Schema | None:
        known = self._schemas.get(topic)
        if known is not None and known.until > time.monotonic():
            return known.schema
        try:
            schema = await self._schema_of(topic)
        except ConnectorError:
            # It is not asked again for each event while it is away.
            schema = None if known is None else known.schema
            self._schemas[topic] = _Known(schema, time.monotonic() + _SCHEMA_SECONDS)
        else:
            # A topic without a schema may have one in a moment.
            if schema is not None:
                self._schemas[topic] = _Known(schema, time.monotonic() + _SCHEMA_SECONDS)
        return schema
