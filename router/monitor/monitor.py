"""The role that keeps the monitor's application running and publishes what it says."""

import asyncio
import time
from contextlib import suppress

import structlog

from router.api import ConnectorError
from router.config.models import Pipeline
from router.config.names import monitor_topic, status_topic
from router.engine.embedded import keep_running, run_embedded
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer, Message
from router.kafka.topics import Topics
from router.monitor.app import MonitorApp, changelog_topics
from router.monitor.lags import Lags
from router.runtime.topics import control_topics, ensure, flow_topics

_EVERY_SECONDS = 2.0
_log = structlog.get_logger("router.monitor")


class Monitor:
    """A role. Of several processes one is at work, and another takes over when it is gone."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._app: MonitorApp | None = None
        self._lags = Lags(pipeline)

    def waiting(self) -> dict[str, str]:
        """What is not ready, and why."""
        return {} if self._app is not None and self._app.app.is_recovered else {"monitor": "starting"}

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop` is set. Raises ConnectorError for what waiting does not mend."""
        pipeline = self._pipeline
        servers = pipeline.kafka.bootstrap_servers
        status = status_topic(pipeline.name)
        made = flow_topics(pipeline) | changelog_topics(pipeline) | {status: control_topics(pipeline)[status]}
        await ensure(Topics(servers), made, stop)
        async with (
            AsyncProducer(producer_settings(servers, f"con-{pipeline.name}-monitor")) as producer,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(self._lags.run(stop))
            group.create_task(self._publish(producer, stop))
            await keep_running(lambda: self._watch(stop), "monitor", stop)

    async def _watch(self, stop: asyncio.Event) -> None:
        self._app = MonitorApp(self._pipeline)
        try:
            await run_embedded(self._app.app, stop)
        finally:
            self._app = None

    async def _publish(self, producer: AsyncProducer, stop: asyncio.Event) -> None:
        topic = monitor_topic(self._pipeline.name)
        while not stop.is_set():
            if self._app is not None and self._app.is_at_work():
                flows = self._app.flows(self._lags.current, time.time())
                try:
                    await producer.send(
                        [Message(topic, flow.connector.encode(), flow.value(), [], 0) for flow in flows]
                    )
                except ConnectorError as error:
                    # The tables are complete all the same: the next attempt says the same and more.
                    _log.warning("what the monitor says cannot be published", reason=error.reason)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _EVERY_SECONDS)
