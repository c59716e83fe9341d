"""Connectors, found by the entry points of installed packages and nothing else."""

from functools import cache
from importlib.metadata import entry_points
from typing import TypeVar

from router.api import ConnectorError, Reason, ReceiverConnector, SinkConnector

SOURCES_GROUP = "router.sources"
SINKS_GROUP = "router.sinks"

C = TypeVar("C", ReceiverConnector, SinkConnector)


@cache
def sources() -> dict[str, ReceiverConnector]:
    """The installed source connectors by name. Raises ConnectorError if one of them is broken."""
    return installed(SOURCES_GROUP, ReceiverConnector)


@cache
def sinks() -> dict[str, SinkConnector]:
    """The installed sink connectors by name. Raises ConnectorError if one of them is broken."""
    return installed(SINKS_GROUP, SinkConnector)


def installed(group: str, kind: type[C]) -> dict[str, C]:
    """The connectors that packages offer to the group, by name. Raises ConnectorError if one of them is broken."""
    loaded: dict[str, C] = {}
    for entry in entry_points(group=group):
        try:
            connector = entry.load()
        except (ImportError, AttributeError) as error:
            raise _broken(entry.name, "cannot be imported") from error
        if not isinstance(connector, kind):
            raise _broken(entry.name, f"is not a {kind.__name__}")
        loaded[entry.name] = connector
    return loaded


def _broken(name: str, problem: str) -> ConnectorError:
    return ConnectorError(
        Reason.CONNECTOR_UNKNOWN,
        f"The installed connector {name} {problem}.",
        fix="Reinstall the package that offers it, or uninstall it.",
    )
