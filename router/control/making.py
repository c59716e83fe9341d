"""From a connector's entry to a task that can run: checked, with its secrets read and its topics made."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from router.api.secret import REFERENCE
from router.config.loaded import LoadedSink, LoadedSource
from router.config.models import DeliveryOrder, Pipeline
from router.config.names import consumer_group, dead_letter_topic, keys_topic, replay_topic
from router.config.references import strings
from router.config.secrets import SecretStore
from router.config.single import load_connector
from router.control.records import Entry
from router.control.sink_task import SinkTask
from router.control.tasks import Task
from router.delivery.agent import AgentSettings, SinkAgent
from router.delivery.backoff import Backoff
from router.delivery.flood import FloodLimits
from router.delivery.key_index import KeySettings
from router.delivery.lane import BatchLimits
from router.delivery.observer import Observers
from router.delivery.partition import Limits
from router.envelope.registry import Registry
from router.fetching.observer import TaskObservers
from router.fetching.settings import TaskSettings
from router.fetching.task import SourceTask
from router.kafka.producer import AsyncProducer
from router.kafka.topics import Topics
from router.lineage.active import sink_observers, source_observers
from router.observability.metrics import SinkMetrics, SourceTaskMetrics
from router.observability.sink_log import SinkLog
from router.runtime.topics import ensure, fetching_topics, sink_topics
from router.security.vault import Vault
from router.tracing.active import make_writer


class Making:
    """Makes tasks. dead_letters: the producer of the sinks' dead letters; stop: set when the worker ends."""

    def __init__(
        self,
        pipeline: Pipeline,
        store: SecretStore,
        vault: Vault | None,
        registry: Registry,
        dead_letters: AsyncProducer,
        stop: asyncio.Event,
    ) -> None:
        self._pipeline = pipeline
        self._store = store
        self._vault = vault
        self._registry = registry
        self._dead_letters = dead_letters
        self._topics = Topics(pipeline.kafka.bootstrap_servers)
        self._stop = stop

    async def make(self, name: str, entry: Entry) -> Task:
        """The task. Raises ConfigError for bad settings; ConnectorError for what is away or not there."""
        loaded = load_connector(self._pipeline, entry.kind, name, entry.settings, self._store.resolve)
        if self._vault is not None:
            await self._vault.prefetch(references(entry.settings))
        if isinstance(loaded, LoadedSink):
            return await self._sink(name, loaded)
        return await self._source(name, loaded)

    async def _source(self, name: str, source: LoadedSource) -> SourceTask:
        await ensure(self._topics, fetching_topics(self._pipeline, {name: source.settings}), self._stop)
        settings = TaskSettings.of(self._pipeline, name, source.settings)
        observers = source_observers(name, source.settings, source.connector, source.config)
        observer = TaskObservers(SourceTaskMetrics(name), *observers)
        return SourceTask(settings, source.connector, source.config, self._registry, observer)

    async def _sink(self, name: str, sink: LoadedSink) -> SinkTask:
        alone = self._pipeline.model_copy(update={"sinks": {name: sink.settings}})
        await ensure(self._topics, sink_topics(alone), self._stop)
        settings = agent_settings(self._pipeline, name, sink)
        lineage = sink_observers(name, sink.settings, sink.connector, sink.config)
        observers = Observers(SinkMetrics(name), SinkLog(name), *lineage)
        writer = make_writer(name, settings.group)

        @asynccontextmanager
        async def open_agent() -> AsyncIterator[SinkAgent]:
            # With the pipeline's name: two pipelines' sinks may write into one database, each with its own positions.
            async with sink.connector.open(sink.config, f"{self._pipeline.name}.{name}") as opened:
                yield SinkAgent(settings, opened, self._registry, self._topics, self._dead_letters, observers, writer)

        return SinkTask(name, open_agent)


def references(settings: Mapping[str, Any]) -> list[str]:
    """The secrets that a connector's own settings refer to."""
    return [text for _, text in strings(settings.get("config", {})) if REFERENCE.fullmatch(text)]


def agent_settings(pipeline: Pipeline, name: str, sink: LoadedSink) -> AgentSettings:
    """What an agent needs to know of its sink."""
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
        keys=KeySettings(
            keys_topic(pipeline.name, name), delivery.keys.window_hours * 3_600, delivery.keys.per_partition
        ),
        limits=Limits(
            in_flight=sink.connector.max_in_flight(sink.config),
            batch=BatchLimits(
                min(batch, delivery.max_batch_events or batch), delivery.max_batch_bytes, delivery.batch_seconds
            ),
            ordered=delivery.order is DeliveryOrder.KEY,
            buffered_events=delivery.max_buffered_events,
            buffered_bytes=delivery.max_buffered_bytes,
        ),
        backoff=Backoff(delivery.retry.initial_seconds, delivery.retry.max_seconds),
        flood=FloodLimits(delivery.dead_letters.most, delivery.dead_letters.of),
        give_up_after_seconds=delivery.retry.give_up_after_seconds,
        max_events_per_second=delivery.max_events_per_second,
    )
