"""The monitor's Faust application: facts and statuses in, tables that outlive it, and what they say."""

import json
from collections.abc import Mapping
from typing import Any

from faust import TumblingWindow
from faust.types import StreamT

from router.config.models import Pipeline
from router.config.names import flow_topic, status_topic
from router.engine.embedded import EmbeddedApp
from router.engine.topics import changelog_topic
from router.kafka.topics import TopicSpec
from router.monitor.facts import Fact
from router.monitor.flows import FIVE_MINUTES, WINDOW_SECONDS, connector_flow
from router.monitor.states import task_states
from router.monitor.totals import Totals
from router.monitor.view import ConnectorFlow

_TOTALS, _WINDOWS, _STATUSES = "totals", "windows", "statuses"
_WINDOWS_KEPT_SECONDS = 900


def application_id(pipeline: str) -> str:
    """The consumer group, and the prefix of the changelog topics."""
    return f"{pipeline}.monitor"


def changelog_topics(pipeline: Pipeline) -> dict[str, TopicSpec]:
    """The topics in which the tables are kept; windows are of no use after a quarter of an hour."""
    copies = pipeline.kafka.topics.replication_factor, pipeline.kafka.topics.min_insync_replicas
    name = application_id(pipeline.name)
    return {
        changelog_topic(name, _TOTALS): TopicSpec(1, *copies, None, compact=True),
        changelog_topic(name, _STATUSES): TopicSpec(1, *copies, None, compact=True),
        changelog_topic(name, _WINDOWS): TopicSpec(1, *copies, 1),
    }


class MonitorApp:
    """One application; it is of no use once it has stopped."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.app = EmbeddedApp(application_id(pipeline.name), pipeline.kafka.bootstrap_servers)
        self._flow_topic = flow_topic(pipeline.name)
        self._totals: Any = self.app.Table(_TOTALS, partitions=1)
        self._statuses: Any = self.app.Table(_STATUSES, partitions=1)
        windows = self.app.Table(_WINDOWS, default=int, partitions=1)
        self._window = TumblingWindow(WINDOW_SECONDS, expires=_WINDOWS_KEPT_SECONDS)
        self._windows: Any = windows.using_window(self._window)
        flow = self._topic(self._flow_topic)
        status = self._topic(status_topic(pipeline.name))
        self.app.agent(flow, name=f"{self.app.conf.id}-flow", concurrency=1)(self._take_facts)
        self.app.agent(status, name=f"{self.app.conf.id}-status", concurrency=1)(self._take_statuses)

    def _topic(self, name: str) -> Any:
        return self.app.topic(
            name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", allow_empty=True
        )

    def is_at_work(self) -> bool:
        """Whether the tables are complete, and ours and not another process's."""
        return self.app.is_recovered and any(
            place.topic == self._flow_topic for place in self.app.consumer.assignment()
        )

    def flows(self, lags: Mapping[str, int], now: float) -> list[ConnectorFlow]:
        """What there is to say of each connector."""
        found = []
        for connector, document in self._totals.items():
            flow = connector_flow(
                connector,
                Totals.parse(document),
                events=self._in_windows(f"{connector} events", now),
                errors=self._in_windows(f"{connector} errors", now),
                states=task_states(self._statuses, connector, now),
                lag=lags.get(connector),
                now=now,
            )
            if flow is not None:
                found.append(flow)
        return found

    async def _take_facts(self, stream: StreamT[Any]) -> None:
        async for value in stream:
            try:
                fact = Fact.parse(json.loads(value))
            except (ValueError, TypeError):
                continue  # of another version, or nobody's: a report is no event, and the next one says it all again
            document = self._totals.get(fact.connector)
            totals, growth = (Totals() if document is None else Totals.parse(document)).with_fact(fact)
            self._totals[fact.connector] = totals.document()
            if growth.events:
                self._windows[f"{fact.connector} events"] += growth.events
            if growth.errors:
                self._windows[f"{fact.connector} errors"] += growth.errors

    async def _take_statuses(self, stream: StreamT[Any]) -> None:
        async for key, value in stream.items():
            name = bytes(key or b"").decode()
            # A tombstone comes as no bytes.
            if value:
                self._statuses[name] = json.loads(value)
            else:
                self._statuses.pop(name, None)

    def _in_windows(self, key: str, now: float) -> list[int]:
        """The counts of the open window and of those before it."""
        return [
            self._windows[key][self._window.ranges(now - index * WINDOW_SECONDS)[0]] for index in (0, *FIVE_MINUTES)
        ]
