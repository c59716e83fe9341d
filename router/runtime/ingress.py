"""The ingress role: the HTTP port, its endpoints, and each endpoint's way to Kafka."""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress

import structlog

from router.api import Action, ConnectorError, Reason
from router.config.faults import ConfigError
from router.config.load import Loaded
from router.delivery.backoff import Backoff
from router.envelope.registry import Registry
from router.ingress.server import IngressServer
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer
from router.kafka.topics import Topics
from router.lineage.active import receiver_runs
from router.observability.metrics import ENDPOINT_RELOADS
from router.observability.request_log import IngressObservers
from router.runtime.changes import Changes
from router.runtime.endpoints import Endpoints
from router.runtime.spooling import Spooling, open_spooling
from router.runtime.topics import ensure, pause, source_topics
from router.tracing.active import make_server

_LOOK_SECONDS = 1.0
_BACKOFF = Backoff(initial_seconds=0.5, max_seconds=10)
_log = structlog.get_logger("router.runtime")


class Ingress:
    """Serves the configuration's endpoints until told to stop."""

    def __init__(self, loaded: Loaded, changes: Changes | None = None) -> None:
        """changes: of the configuration, whose endpoints are then followed."""
        self._loaded = loaded
        self._changes = changes
        self._waiting: dict[str, str] = {"ingress": "starting"}
        self._spooling: Spooling | None = None

    def waiting(self) -> dict[str, str]:
        """What is not ready, and why."""
        return self._waiting | ({} if self._spooling is None else self._spooling.waiting())

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then finish the requests under way. Raises ConnectorError if it cannot start."""
        pipeline = self._loaded.pipeline
        settings = producer_settings(pipeline.kafka.bootstrap_servers, f"con-{pipeline.name}-ingress")
        async with AsyncExitStack() as stack:
            registry = stack.enter_context(Registry(pipeline.kafka.registry_url))
            spooling = await stack.enter_async_context(open_spooling(pipeline.ingress, self._loaded.receivers))
            self._spooling = spooling
            if not spooling.is_used:
                await self._prepare(self._loaded, registry, stop)
            producer = await stack.enter_async_context(AsyncProducer(settings))
            observers = IngressObservers({})
            endpoints = Endpoints(self._loaded, registry, producer, observers, spooling)
            server = make_server(pipeline.ingress, endpoints.renew(self._loaded.receivers), observers)
            draining = spooling.draining(producer, lambda: self._prepare(self._loaded, registry, stop))
            await stack.enter_async_context(draining)
            await endpoints.refresh()
            await server.start()
            stack.push_async_callback(server.stop)
            for name, source in self._loaded.receivers.items():
                for runs in receiver_runs(name, source.settings, source.connector, source.config):
                    runs.start()
                    stack.callback(runs.complete)
            self._waiting = {}
            _log.info("ingress listening", host=pipeline.ingress.host, port=pipeline.ingress.port)
            await self._follow(server, endpoints, registry, stop)
            self._waiting = {"ingress": "stopping"}
            server.leave()
            await asyncio.sleep(pipeline.ingress.drain.grace_seconds)

    async def _follow(
        self, server: IngressServer, endpoints: Endpoints, registry: Registry, stop: asyncio.Event
    ) -> None:
        """Take up what changes, about every second, until `stop` is set.

        A change that waits for the brokers holds up nothing, and gives way to a newer one.
        """
        if self._changes is not None:
            self._changes.listen()
        changing: asyncio.Task[None] | None = None
        try:
            while not await _is_set(stop, _LOOK_SECONDS):
                server.refresh()
                if self._changes is not None and self._changes.has_come():
                    await _end(changing)
                    changing = asyncio.create_task(self._change(self._changes, server, endpoints, registry, stop))
                if changing is not None and changing.done():
                    changing.result()
                await endpoints.refresh()
        finally:
            await _end(changing)

    async def _change(
        self, changes: Changes, server: IngressServer, endpoints: Endpoints, registry: Registry, stop: asyncio.Event
    ) -> None:
        try:
            loaded = await changes.load()
            await self._prepare(loaded, registry, stop)
            server.serve(endpoints.renew(loaded.receivers))
        except ConfigError as error:
            ENDPOINT_RELOADS.labels("failed").inc()
            faults = [f"{fault.path}: {fault.message}" for fault in error.faults]
            _log.error("configuration unusable, the old endpoints stay", faults=faults)
            return
        except ConnectorError as error:
            if error.action is Action.RETRY:
                changes.again()
            if error.reason is not Reason.SHUTDOWN:
                ENDPOINT_RELOADS.labels("failed").inc()
                _log.error("configuration unusable, the old endpoints stay", reason=error.reason, message=error.message)
            return
        ENDPOINT_RELOADS.labels("loaded").inc()
        _log.info("endpoints changed", endpoints=sorted(loaded.receivers))
        if loaded.pipeline.ingress != self._loaded.pipeline.ingress:
            _log.warning("settings of the port have changed, which count from the next start")

    async def _prepare(self, loaded: Loaded, registry: Registry, stop: asyncio.Event) -> None:
        """Make the topics and register their schemas, before any traffic.

        Those of sources that fetch are not for bytes: their schemas are registered by the data.
        """
        topics = source_topics(loaded.pipeline, [source.settings for source in loaded.receivers.values()])
        await ensure(Topics(loaded.pipeline.kafka.bootstrap_servers), topics, stop)
        await self._register(topics, registry, stop)

    async def _register(self, topics: Iterable[str], registry: Registry, stop: asyncio.Event) -> None:
        """Register the topics' schemas before any traffic, waiting for the registry as long as it takes."""
        attempt = 0
        for topic in topics:
            while True:
                try:
                    await registry.encoder(topic, None)
                    break
                except ConnectorError as error:
                    if error.action is not Action.RETRY:
                        raise
                    attempt += 1
                    seconds = _BACKOFF.seconds(error, attempt)
                    _log.warning("waiting for the registry", reason=error.reason, retry_in_seconds=round(seconds, 2))
                await pause(seconds, stop)


async def _is_set(stop: asyncio.Event, seconds: float) -> bool:
    """Whether it is set within so many seconds."""
    with suppress(TimeoutError):
        return await asyncio.wait_for(stop.wait(), seconds)
    return False


async def _end(task: asyncio.Task[None] | None) -> None:
    """Let it end where it is. Raises what it has raised."""
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
