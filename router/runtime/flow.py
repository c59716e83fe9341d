"""Tells the monitor, every few seconds, what has gone through the connectors in this process."""

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample

from router.api import ConnectorError, Reason
from router.config.models import Pipeline
from router.config.names import flow_topic
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer, Message
from router.kafka.topics import Topics
from router.monitor.facts import Fact, Kind
from router.observability.metrics import REGISTRY
from router.runtime.topics import ensure, flow_topics

_EVERY_SECONDS = 5.0
_FAREWELL_SECONDS = 2.0
_COUNTERS = {
    "con_received_total": "received",
    "con_accepted_total": "accepted",
    "con_published_total": "published",
    "con_filtered_total": "filtered",
    "con_delivered_total": "delivered",
    "con_deduplicated_total": "deduplicated",
}
_REASONS = {
    "con_refused_total": "refused",
    "con_dead_lettered_total": "dead_lettered",
    "con_source_dead_lettered_total": "dead_lettered",
    "con_source_failures_total": "failures",
    "con_retries_total": "retries",
}
_STATES = ("con_source_state", "con_sink_state")
_CHECKPOINT = "con_source_checkpoint_timestamp_seconds"
_log = structlog.get_logger("router.runtime")


@dataclass
class _Reading:
    """What the metrics say of one connector."""

    kind: Kind
    counters: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    state: str = ""
    checkpoint_at: float | None = None


class Flow:
    """Makes the facts of one process out of its metrics."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self._process = uuid.uuid4().hex
        self._sequence = 0
        self._last: dict[str, Fact] = {}

    def facts(self, now: float) -> list[Fact]:
        """The next fact of each connector that this process has had to do with. now: seconds since the epoch."""
        self._sequence += 1
        samples = (sample for metric in self._registry.collect() for sample in metric.samples)
        self._last = {name: self._fact(name, one, now) for name, one in _read(samples).items()}
        return list(self._last.values())

    def _fact(self, name: str, reading: _Reading, now: float) -> Fact:
        before = self._last.get(name)
        fact = Fact(
            connector=name,
            kind=reading.kind,
            process=self._process,
            sequence=self._sequence,
            at=now,
            counters=reading.counters,
            reasons=dict(reading.reasons),
            state=reading.state,
            event_at=None if before is None else before.event_at,
            checkpoint_at=reading.checkpoint_at,
        )
        return replace(fact, event_at=now) if fact.events > (0 if before is None else before.events) else fact


class FlowReporter:
    """A role. Brokers that are away delay reports, never data: what is missed, the next report says too."""

    def __init__(self, pipeline: Pipeline, every_seconds: float = _EVERY_SECONDS) -> None:
        self._pipeline = pipeline
        self._every_seconds = every_seconds
        self._topic = flow_topic(pipeline.name)
        self._flow = Flow()
        self._is_failing = False

    def waiting(self) -> dict[str, str]:
        """Nothing: no event waits for a report."""
        return {}

    async def run(self, stop: asyncio.Event) -> None:
        """Report until `stop` is set, and once more then."""
        servers = self._pipeline.kafka.bootstrap_servers
        try:
            await ensure(Topics(servers), flow_topics(self._pipeline), stop)
        except ConnectorError as error:
            if error.reason is not Reason.SHUTDOWN:
                # That the brokers refuse the topic is no reason to fail: no event waits for a report.
                _log.warning("flow will not be reported", reason=error.reason)
            return
        async with AsyncProducer(producer_settings(servers, f"con-{self._pipeline.name}-flow")) as producer:
            reporting = asyncio.create_task(self._keep_reporting(producer))
            await stop.wait()
            # Brokers that are away would hold a report, and with it the process, for half a minute.
            reporting.cancel()
            await asyncio.wait({reporting})
            with suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL_SECONDS):
                    await self._report(producer)

    async def _keep_reporting(self, producer: AsyncProducer) -> None:
        while True:
            await self._report(producer)
            await asyncio.sleep(self._every_seconds)

    async def _report(self, producer: AsyncProducer) -> None:
        facts = self._flow.facts(time.time())
        try:
            await producer.send([Message(self._topic, fact.connector.encode(), fact.value(), [], 0) for fact in facts])
        except ConnectorError as error:
            if not self._is_failing:
                _log.warning("flow cannot be reported", reason=error.reason)
            self._is_failing = True
        else:
            self._is_failing = False


def _read(samples: Iterable[Sample]) -> Mapping[str, _Reading]:
    readings: dict[str, _Reading] = {}
    for sample in samples:
        labels = sample.labels
        kind: Kind = "source" if "source" in labels else "sink"
        name = labels.get(kind)
        if name is not None:
            _note(readings.setdefault(name, _Reading(kind)), sample)
    return readings


def _note(reading: _Reading, sample: Sample) -> None:
    if sample.name in _COUNTERS:
        # One counter may have several samples, such as one for each topic.
        name = _COUNTERS[sample.name]
        reading.counters[name] = reading.counters.get(name, 0) + int(sample.value)
    elif sample.name in _REASONS:
        reading.reasons[_REASONS[sample.name]][sample.labels["reason"]] = int(sample.value)
    elif sample.name in _STATES and sample.value:
        reading.state = sample.labels["state"].upper()
    elif sample.name == _CHECKPOINT and sample.value:
        reading.checkpoint_at = sample.value
