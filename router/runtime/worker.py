"""The worker role: one agent for each sink of the configuration."""

import asyncio
from contextlib import AsyncExitStack

import structlog

from router.api import ConnectorError, Reason
from router.config.load import Loaded, LoadedSink
from router.config.names import consumer_group, dead_letter_topic, replay_topic
from router.delivery.agent import AgentSettings, SinkAgent
from router.delivery.backoff import Backoff
from router.delivery.observer import Observers
from router.delivery.partition import Limits
from router.envelope.registry import Registry
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer
from router.kafka.topics import Topics
from router.observability.metrics import SinkMetrics
from router.observability.sink_log import SinkLog
from router.runtime.topics import ensure, sink_topics

_log = structlog.get_logger("router.runtime")


class Worker:
    """Runs the sinks' agents. A sink that fails for good leaves the others running, and the worker unready."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._metrics: dict[str, SinkMetrics] = {}
        self._errors: dict[str, str] = {}

    def waiting(self) -> dict[str, str]:
        """The sinks that do not run, and why."""
        return {
            name: self._errors.get(name, "starting")
            for name in self._loaded.sinks
            if name in self._errors or name not in self._metrics or not self._metrics[name].current_state
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set. Raises ConnectorError if nothing can be started, or every sink has failed."""
        pipeline = self._loaded.pipeline
        topics = Topics(pipeline.kafka.bootstrap_servers)
        await ensure(topics, sink_topics(pipeline), stop)
        settings = producer_settings(pipeline.kafka.bootstrap_servers, f"con-{pipeline.name}-dlq")
        with Registry(pipeline.kafka.registry_url) as registry:
            async with AsyncProducer(settings) as producer, asyncio.TaskGroup() as group:
                for name, sink in self._loaded.sinks.items():
                    group.create_task(self._keep(name, sink, stop, registry, topics, producer))
        if self._errors and len(self._errors) == len(self._loaded.sinks):
            raise ConnectorError(Reason.INTERNAL_BUG, "Every sink has failed: see the log above.")

    async def _keep(
        self,
        name: str,
        sink: LoadedSink,
        stop: asyncio.Event,
        registry: Registry,
        topics: Topics,
        producer: AsyncProducer,
    ) -> None:
        try:
            await self._run_sink(name, sink, stop, registry, topics, producer)
        except ConnectorError as error:
            self._failed(name, error.reason, error.message)
        except Exception as error:  # noqa: BLE001  the outermost loop of a sink: an unknown error stops it and says so
            _log.exception("sink met an unforeseen error", sink=name)
            self._failed(name, Reason.INTERNAL_BUG, type(error).__name__)

    async def _run_sink(
        self,
        name: str,
        sink: LoadedSink,
        stop: asyncio.Event,
        registry: Registry,
        topics: Topics,
        producer: AsyncProducer,
    ) -> None:
        async with AsyncExitStack() as stack:
            # With the pipeline's name: two pipelines' sinks may write into one database, each with its own positions.
            identity = f"{self._loaded.pipeline.name}.{name}"
            opened = await stack.enter_async_context(sink.connector.open(sink.config, identity))
            metrics = self._metrics[name] = SinkMetrics(name)
            observers = Observers(metrics, SinkLog(name))
            agent = SinkAgent(self._settings(name, sink), opened, registry, topics, producer, observers)
            running = asyncio.create_task(agent.run())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
            agent.stop()
            stopping.cancel()
            await running

    def _settings(self, name: str, sink: LoadedSink) -> AgentSettings:
        pipeline = self._loaded.pipeline
        delivery = sink.settings.delivery
        batch = sink.connector.max_batch_events
        return AgentSettings(
            sink=name,
            connector_version=sink.connector.version,
            bootstrap_servers=pipeline.kafka.bootstrap_servers,
            group=consumer_group(pipeline.name, name, delivery.group),
            topics=sink.settings.topics,
            replay_topic=replay_topic(pipeline.name, name),
            dead_letter_topic=dead_letter_topic(pipeline.name, name),
            limits=Limits(
                lanes=sink.connector.max_in_flight(sink.config),
                batch_events=min(batch, delivery.max_batch_events or batch),
                buffered_events=delivery.max_buffered_events,
                buffered_bytes=delivery.max_buffered_bytes,
            ),
            backoff=Backoff(delivery.retry.initial_seconds, delivery.retry.max_seconds),
            give_up_after_seconds=delivery.retry.give_up_after_seconds,
        )

    def _failed(self, name: str, reason: Reason, message: str) -> None:
        self._errors[name] = reason
        _log.error("sink stopped", sink=name, reason=reason, message=message)
