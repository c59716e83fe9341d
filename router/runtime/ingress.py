"""The ingress role: the HTTP port, its endpoints, and each endpoint's way to Kafka."""

import asyncio
from contextlib import AsyncExitStack

import structlog

from router.api import Action, ConnectorError
from router.config.load import Loaded
from router.delivery.backoff import Backoff
from router.envelope.message import Envelopes
from router.envelope.registry import Registry
from router.ingress.server import Endpoint
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer
from router.kafka.topics import Topics
from router.lineage.active import receiver_runs
from router.observability.metrics import SourceMetrics
from router.observability.request_log import IngressObservers
from router.routing import compile_routes
from router.runtime.topics import ensure, pause, source_topics
from router.tracing.active import make_publisher, make_server

_BACKOFF = Backoff(initial_seconds=0.5, max_seconds=10)
_log = structlog.get_logger("router.runtime")


class Ingress:
    """Serves the configuration's endpoints until told to stop."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._metrics = {name: SourceMetrics(name) for name in loaded.receivers}
        # Those of sources that fetch are not for bytes: their schemas are registered by the data.
        self._topics = source_topics(loaded.pipeline, [source.settings for source in loaded.receivers.values()])
        self._waiting: dict[str, str] = {"ingress": "starting"}

    def waiting(self) -> dict[str, str]:
        """What is not ready, and why."""
        return self._waiting

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then finish the requests under way. Raises ConnectorError if it cannot start."""
        pipeline = self._loaded.pipeline
        topics = Topics(pipeline.kafka.bootstrap_servers)
        await ensure(topics, self._topics, stop)
        settings = producer_settings(pipeline.kafka.bootstrap_servers, f"con-{pipeline.name}-ingress")
        async with AsyncExitStack() as stack:
            registry = stack.enter_context(Registry(pipeline.kafka.registry_url))
            await self._register(registry, stop)
            producer = await stack.enter_async_context(AsyncProducer(settings))
            endpoints = [self._endpoint(name, registry, producer) for name in self._loaded.receivers]
            server = make_server(pipeline.ingress, endpoints, IngressObservers(self._metrics))
            await server.start()
            stack.push_async_callback(server.stop)
            for name, source in self._loaded.receivers.items():
                for runs in receiver_runs(name, source.settings, source.connector, source.config):
                    runs.start()
                    stack.callback(runs.complete)
            self._waiting = {}
            _log.info("ingress listening", host=pipeline.ingress.host, port=pipeline.ingress.port)
            await stop.wait()
            self._waiting = {"ingress": "stopping"}

    def _endpoint(self, name: str, registry: Registry, producer: AsyncProducer) -> Endpoint:
        source = self._loaded.receivers[name]
        envelopes = Envelopes(self._loaded.pipeline.name, name, source.settings.tenant, registry)
        router = compile_routes(envelopes.uri, source.settings.routes)
        publisher = make_publisher(router, envelopes, producer, self._metrics[name])
        receiver = source.connector.open(source.config, name)
        success = source.connector.success(source.config)
        return Endpoint(name, source.connector.path(source.config), receiver, publisher.publish, success)

    async def _register(self, registry: Registry, stop: asyncio.Event) -> None:
        """Register the topics' schemas before any traffic, waiting for the registry as long as it takes."""
        attempt = 0
        for topic in self._topics:
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
