"""The ingress's spool with what belongs to it: how its endpoints publish, and what drains it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from router.api import ConnectorError, Reason
from router.config.loaded import LoadedReceiver
from router.config.models import IngressSettings
from router.config.spool import SpoolMode
from router.ingress.server import Publish
from router.ingress.spool.directory import claim
from router.ingress.spool.spool import Spool
from router.kafka.producer import AsyncProducer
from router.observability.spool_log import SpoolMetrics
from router.routing import Router
from router.runtime.brokers import Brokers
from router.runtime.draining import Drainer
from router.runtime.publisher import Publisher
from router.runtime.spooled import SpooledPublisher

_PROBE_SECONDS = 5
_log = structlog.get_logger("router.runtime")


class Spooling:
    """A process's spool. Without one, endpoints publish as if there were no such thing."""

    def __init__(self, spool: Spool | None, ack_timeout_seconds: float) -> None:
        self._spool = spool
        self._ack_timeout_seconds = ack_timeout_seconds
        self._brokers = Brokers()
        self._publishers: dict[str, Publisher] = {}
        self._is_required = False

    @property
    def is_used(self) -> bool:
        """Whether events can be accepted before the brokers are there."""
        return self._spool is not None

    def waiting(self) -> dict[str, str]:
        """What is not ready, and why: who is told to come again had better go to another process."""
        found = {}
        if self._brokers.blocked_by is not None:
            found["brokers"] = f"{self._brokers.blocked_by}: spooled events cannot be published"
        trouble = None if self._spool is None else self._spool.trouble
        is_needed = self._brokers.are_away or (self._is_required and trouble is not Reason.SPOOL_FULL)
        if trouble is not None and is_needed:
            found["spool"] = f"{trouble}: no events are accepted"
        return found

    def publish(self, name: str, mode: SpoolMode, router: Router, publisher: Publisher) -> Publish:
        """How an endpoint publishes. Raises ConnectorError (SPOOL_UNAVAILABLE) if it needs a spool and has none."""
        if self._spool is None and mode is SpoolMode.REQUIRED:
            message = f"The endpoint {name} needs a spool, and there is none that can be used."
            raise ConnectorError(Reason.SPOOL_UNAVAILABLE, message)
        if self._spool is None:
            return publisher.publish
        self._is_required = self._is_required or mode is SpoolMode.REQUIRED
        self._publishers[name] = publisher
        spooled = SpooledPublisher(name, mode, router, publisher, self._spool, self._brokers, self._ack_timeout_seconds)
        return spooled.publish

    @asynccontextmanager
    async def draining(self, producer: AsyncProducer, prepare: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Prepare the topics, then drain, and look after the disk, all beside the server.

        What fails is said, counted, in `waiting`, and tried again: it never raises.
        """
        if self._spool is None:
            yield
            return
        drainer = Drainer(self._spool, self._publishers, producer, self._brokers, prepare)
        tasks = [asyncio.create_task(drainer.run()), asyncio.create_task(_probe(self._spool))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def _probe(spool: Spool) -> None:
    """Without events nobody would know that the disk fails, nor that it works again."""
    while True:
        await spool.probe()
        await asyncio.sleep(_PROBE_SECONDS)


@asynccontextmanager
async def open_spooling(settings: IngressSettings, receivers: Mapping[str, LoadedReceiver]) -> AsyncIterator[Spooling]:
    """The spool, if there is a directory for it.

    Raises ConnectorError (SPOOL_UNAVAILABLE) if it cannot be used, and an endpoint needs it.
    """
    is_required = any(receiver.settings.spool is SpoolMode.REQUIRED for receiver in receivers.values())
    if settings.spool is None:
        yield Spooling(None, 0)
        return
    spool = settings.spool
    try:
        directory = await asyncio.to_thread(claim, Path(spool.directory), settings.processes)
        opened = Spool(directory, spool.max_bytes // settings.processes, SpoolMetrics(), max_keys=spool.max_keys)
    except ConnectorError as error:
        if is_required:
            raise
        _log.error("spool cannot be used, events are accepted without it", reason=error.reason, error=error.message)
        yield Spooling(None, 0)
        return
    try:
        yield Spooling(opened, spool.ack_timeout_seconds)
    finally:
        await opened.close()
