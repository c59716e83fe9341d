"""Connectors, found by the entry points of installed packages and nothing else."""

from functools import cache
from importlib.metadata import entry_points
from typing import TypeVar

from router.api import ConnectorError, Reason, ReceiverConnector, SinkConnector, SourceConnector

SOURCES_GROUP = "router.sources"
SINKS_GROUP = "router.sinks"

C = TypeVar("C", bound=ReceiverConnector | SourceConnector | SinkConnector)


@cache
def sources() -> dict[str, ReceiverConnector | SourceConnector]:
    """The installed source connectors by name. Raises ConnectorError if one of them is broken."""
    return installed(SOURCES_GROUP, (ReceiverConnector, SourceConnector))


@cache
def sinks() -> dict[str, SinkConnector]:
    """The installed sink connectors by name. Raises ConnectorError if one of them is broken."""
    return installed(SINKS_GROUP, (SinkConnector,))


def installed(group: str, kinds: tuple[type[C], ...]) -> dict[str, C]:
    """The connectors that packages offer to the group, by name. Raises ConnectorError if one of them is broken."""
    loaded: dict[str, C] = {}
    for entry in entry_points(group=group):
        try:
            connector = entry.load()
        except (ImportError, AttributeError) as error:
            raise _broken(entry.name, "cannot be imported") from error
        if not isinstance(connector, kinds):
            raise _broken(entry.name, f"is not a {' or '.join(kind.__name__ for kind in kinds)}")
        loaded[entry.name] = connector
    return loaded


def _broken(name: str, problem: str) -> ConnectorError:
    return ConnectorError(
        Reason.CONNECTOR_UNKNOWN,
        f"The installed connector {name} {problem}.",
        fix="Reinstall the package that offers it, or uninstall it.",
    )
