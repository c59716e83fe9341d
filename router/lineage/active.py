"""What tells of lineage in this process, if anything does; asked when something is built, never for an event.

Where lineage is off, nothing of it is built, and its client is not even loaded.
"""

from typing import TYPE_CHECKING

from router.api import ConnectorConfig, ReceiverConnector, SinkConnector, SourceConnector
from router.config.models import SinkSettings, SourceSettings
from router.delivery.observer import DeliveryObserver
from router.fetching.observer import TaskObserver

if TYPE_CHECKING:
    from router.lineage.reporter import Reporter
    from router.lineage.run import Runs

_active: "tuple[Reporter, str] | None" = None


def activate(reporter: "Reporter | None", pipeline: str) -> None:
    """What is built from now on tells the reporter, or nobody. pipeline: the namespace of its jobs."""
    global _active  # noqa: PLW0603  see the module
    _active = None if reporter is None else (reporter, pipeline)


def source_observers(
    name: str, settings: SourceSettings, connector: SourceConnector, config: ConnectorConfig
) -> tuple[TaskObserver, ...]:
    """Who else watches a source that fetches."""
    runs = _source_runs(name, settings, connector, config)
    if runs is None:
        return ()
    from router.lineage.observers import SourceLineage  # noqa: PLC0415  see the module

    return (SourceLineage(runs),)


def receiver_runs(
    name: str, settings: SourceSettings, connector: ReceiverConnector, config: ConnectorConfig
) -> "tuple[Runs, ...]":
    """The runs of an endpoint."""
    runs = _source_runs(name, settings, connector, config)
    return () if runs is None else (runs,)


def sink_observers(
    name: str, settings: SinkSettings, connector: SinkConnector, config: ConnectorConfig
) -> tuple[DeliveryObserver, ...]:
    """Who else watches a sink's agent."""
    if _active is None:
        return ()
    from router.lineage.observers import SinkLineage  # noqa: PLC0415  see the module
    from router.lineage.run import Job  # noqa: PLC0415

    reporter, pipeline = _active
    outside = connector.datasets(config)
    job = Job(pipeline, name, "SINK", connector.name, reads=settings.topics, outside=outside)
    return (SinkLineage(reporter.runs(job)),)


def _source_runs(
    name: str, settings: SourceSettings, connector: SourceConnector | ReceiverConnector, config: ConnectorConfig
) -> "Runs | None":
    if _active is None:
        return None
    from router.lineage.run import Job  # noqa: PLC0415  see the module

    reporter, pipeline = _active
    topics = tuple(dict.fromkeys(route.topic for route in settings.routes if route.topic is not None))
    outside = connector.datasets(config)
    return reporter.runs(Job(pipeline, name, "SOURCE", connector.name, writes=topics, outside=outside))
