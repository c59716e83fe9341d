"""Which topics a configuration needs, and waiting for the brokers to have them."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

import structlog

from router.api import Action, ConnectorError, Reason
from router.config.models import Pipeline, SourceSettings
from router.config.names import (
    audit_topic,
    connectors_topic,
    dead_letter_topic,
    flow_topic,
    keys_topic,
    monitor_topic,
    offsets_topic,
    plans_topic,
    replay_topic,
    status_topic,
    streams_topic,
    tasks_topic,
)
from router.delivery.backoff import Backoff
from router.kafka.topics import Topics, TopicSpec

TASK_PARTITIONS = 24
"""Among how many parts the connectors' tasks are dealt; as many workers at most have work."""
_BACKOFF = Backoff(initial_seconds=0.5, max_seconds=10)
_log = structlog.get_logger("router.runtime")


def source_topics(pipeline: Pipeline, sources: Iterable[SourceSettings]) -> dict[str, TopicSpec]:
    """The topics that these sources' routes write to."""
    spec = _spec(pipeline)
    return {route.topic: spec for source in sources for route in source.routes if route.topic is not None}


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


def control_topics(pipeline: Pipeline) -> dict[str, TopicSpec]:
    """The topics of the control plane: connectors, statuses, the tasks that workers share, audit and plans."""
    spec = replace(_spec(pipeline), partitions=1, retention_hours=None)
    return {
        connectors_topic(pipeline.name): replace(spec, compact=True),
        status_topic(pipeline.name): replace(spec, compact=True),
        tasks_topic(pipeline.name): replace(spec, partitions=TASK_PARTITIONS),
        audit_topic(pipeline.name): spec,
        plans_topic(pipeline.name): spec,
    }


def flow_topics(pipeline: Pipeline) -> dict[str, TopicSpec]:
    """The topics of the monitor: what processes report, for three days, and what it makes of it."""
    spec = replace(_spec(pipeline), partitions=1)
    return {
        flow_topic(pipeline.name): replace(spec, retention_hours=72),
        monitor_topic(pipeline.name): replace(spec, retention_hours=None, compact=True),
    }


def lineage_topics(pipeline: Pipeline, topic: str) -> dict[str, TopicSpec]:
    """The topic of lineage events: one partition, so that they stay in order."""
    return {topic: replace(_spec(pipeline), partitions=1)}


def sink_topics(pipeline: Pipeline) -> dict[str, TopicSpec]:
    """The topics that the sinks read, and each sink's own: dead letters, replay, keys."""
    spec = _spec(pipeline)
    topics: dict[str, TopicSpec] = {}
    for name, sink in pipeline.sinks.items():
        topics |= dict.fromkeys(sink.topics, spec)
        topics[replay_topic(pipeline.name, name)] = spec
        topics[keys_topic(pipeline.name, name)] = replace(spec, retention_hours=sink.delivery.keys.window_hours)
        kept_hours = sink.delivery.dead_letters.retention_hours
        topics[dead_letter_topic(pipeline.name, name)] = replace(spec, retention_hours=kept_hours)
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
