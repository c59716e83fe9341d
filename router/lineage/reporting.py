"""Turns lineage on for as long as a process runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from openlineage.client.transport import Transport

from router.api import ConnectorError, Schema
from router.config.models import LineageSettings, Pipeline
from router.envelope.registry import Registry
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer
from router.kafka.topics import Topics
from router.lineage.active import activate
from router.lineage.reporter import Reporter
from router.lineage.transport import TopicTransport, http_transport
from router.runtime.topics import ensure, lineage_topics

_END_SECONDS = 3.0
_log = structlog.get_logger("router.lineage")


@asynccontextmanager
async def reporting(settings: LineageSettings, pipeline: Pipeline) -> AsyncIterator[Reporter]:
    """Lineage is told while the context lasts; what is left at its end has three seconds."""
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        registry = stack.enter_context(Registry(pipeline.kafka.registry_url))

        async def schema_of(topic: str) -> Schema | None:
            latest = await registry.latest(topic)
            return None if latest is None else latest.data

        transport = await _transport(settings, pipeline, stack)
        reporter = Reporter(pipeline.kafka.bootstrap_servers, transport, schema_of, settings.interval_seconds)
        activate(reporter, pipeline.name)
        tasks = [
            asyncio.create_task(_send(reporter, settings, pipeline, stop)),
            asyncio.create_task(reporter.remind()),
        ]
        try:
            yield reporter
        finally:
            activate(None, pipeline.name)
            stop.set()
            await reporter.drain(_END_SECONDS)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def _transport(settings: LineageSettings, pipeline: Pipeline, stack: AsyncExitStack) -> Transport:
    if settings.topic is None:
        return http_transport(settings.url or "")
    client = producer_settings(pipeline.kafka.bootstrap_servers, f"con-{pipeline.name}-lineage")
    producer = await stack.enter_async_context(AsyncProducer(client))
    return TopicTransport(producer, settings.topic, asyncio.get_running_loop())


async def _send(reporter: Reporter, settings: LineageSettings, pipeline: Pipeline, stop: asyncio.Event) -> None:
    if settings.topic is not None:
        try:
            await ensure(Topics(pipeline.kafka.bootstrap_servers), lineage_topics(pipeline, settings.topic), stop)
        except ConnectorError as error:
            _log.warning("lineage events cannot be sent", reason=error.reason, message=error.message)
            return
    await reporter.send()
