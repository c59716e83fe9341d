"""How far each sink is behind, asked of the brokers again and again."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import structlog

from router.api import ConnectorError
from router.config.models import Pipeline
from router.config.names import connectors_topic, consumer_group, replay_topic
from router.control.follow import Follow
from router.control.records import Connectors, fold_connectors
from router.kafka.lag import Lag

_EVERY_SECONDS = 5.0
_log = structlog.get_logger("router.monitor")

Consumption = tuple[str, tuple[str, ...]]
"""A consumer group and its topics."""


class Lags:
    """The newest answers. `current` has no entry for a sink of which the brokers did not say."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.current: Mapping[str, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until `stop` is set."""
        servers, name = self._pipeline.kafka.bootstrap_servers, self._pipeline.name
        lag = Lag(servers)
        async with Follow(servers, connectors_topic(name), fold_connectors) as connectors:
            while not stop.is_set():
                found: dict[str, int] = {}
                for sink, (group, topics) in consumptions(self._pipeline, connectors.current).items():
                    try:
                        found[sink] = await lag.of(group, topics)
                    except ConnectorError as error:
                        _log.warning("lag is unknown", sink=sink, reason=error.reason)
                self.current = found
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _EVERY_SECONDS)


def consumptions(pipeline: Pipeline, connectors: Connectors) -> dict[str, Consumption]:
    """What each sink consumes: those of the file, and those that were made through the API."""
    found = {name: (sink.delivery.group, tuple(sink.topics)) for name, sink in pipeline.sinks.items()}
    for name, entry in connectors.entries.items():
        if entry.kind == "sink":
            delivery = entry.settings.get("delivery") or {}
            found[name] = (delivery.get("group"), tuple(entry.settings["topics"]))
    return {
        name: (consumer_group(pipeline.name, name, group), (*topics, replay_topic(pipeline.name, name)))
        for name, (group, topics) in found.items()
    }
