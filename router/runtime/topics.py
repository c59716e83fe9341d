"""Which topics a configuration needs, and waiting for the brokers to have them."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import structlog

from router.api import Action, ConnectorError, Reason
from router.config.models import Pipeline, SourceSettings
from router.config.names import dead_letter_topic, offsets_topic, replay_topic, streams_topic
from router.delivery.backoff import Backoff
from router.kafka.topics import Topics, TopicSpec

_BACKOFF = Backoff(initial_seconds=0.5, max_seconds=10)
_log = structlog.get_logger("router.runtime")


def source_topics(pipeline: Pipeline) -> dict[str, TopicSpec]:
    """The topics that the routes write to."""
    spec = _spec(pipeline)
    return {
        route.topic: spec for source in pipeline.sources.values() for route in source.routes if route.topic is not None
    }


def fetching_topics(pipeline: Pipeline, sources: Mapping[str, SourceSettings]) -> dict[str, TopicSpec]:
    """The topics of sources that fetch: their routes', each one's dead letters, checkpoints and descriptions."""
    spec = _spec(pipeline)
    topics = {route.topic: spec for source in sources.values() for route in source.routes if route.topic is not None}
    for name in sources:
        topics[dead_letter_topic(pipeline.name, name)] = replace(spec, retention_hours=None)
    # One partition: every start reads all of it, and waits for every transaction that is open in it.
    for kept in (offsets_topic(pipeline.name), streams_topic(pipeline.name)):
        topics[kept] = replace(spec, partitions=1, retention_hours=None, compact=True)
    return topics


def sink_topics(pipeline: Pipeline) -> dict[str, TopicSpec]:
    """The topics that the sinks read, and each sink's own: dead letters (kept for ever) and replay."""
    spec = _spec(pipeline)
    topics: dict[str, TopicSpec] = {}
    for name, sink in pipeline.sinks.items():
        topics |= dict.fromkeys(sink.topics, spec)
        topics[replay_topic(pipeline.name, name)] = spec
        topics[dead_letter_topic(pipeline.name, name)] = replace(spec, retention_hours=None)
    return topics


async def ensure(topics: Topics, specs: Mapping[str, TopicSpec], stop: asyncio.Event) -> None:
    """Make what is missing, waiting for the brokers as long as it takes.

    Raises ConnectorError: SHUTDOWN if `stop` is set meanwhile, and what waiting does not mend.
    """
    attempt = 0
    while True:
        try:
            await topics.ensure(specs)
            for name in specs:
                await topics.partition(name, 0)
        except ConnectorError as error:
            if error.action is not Action.RETRY:
                raise
            attempt += 1
            seconds = _BACKOFF.seconds(error, attempt)
            _log.warning("waiting for the brokers", reason=error.reason, retry_in_seconds=round(seconds, 2))
            await pause(seconds, stop)
        else:
            return


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Wait before another attempt. Raises ConnectorError (SHUTDOWN) as soon as `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
        raise ConnectorError(Reason.SHUTDOWN, "Stopped while waiting for what is away.")


def _spec(pipeline: Pipeline) -> TopicSpec:
    settings = pipeline.kafka.topics
    return TopicSpec(
        settings.partitions, settings.replication_factor, settings.min_insync_replicas, settings.retention_hours
    )
