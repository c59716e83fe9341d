"""Which connectors are installed, by which packages, and what they declare."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from router.api import ReceiverConnector, SinkConnector, SourceConnector
from router.config.connectors import SINKS_GROUP, SOURCES_GROUP

_KINDS = {ReceiverConnector: "receiver", SourceConnector: "source", SinkConnector: "sink"}


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed connector. problem: why it cannot be used, or nothing."""

    name: str
    kind: str
    version: str
    guarantee: str
    distribution: str
    summary: str
    problem: str = ""


def installed_connectors() -> Iterator[Installed]:
    """All of them, sources first, by name."""
    for group in (SOURCES_GROUP, SINKS_GROUP):
        for entry in sorted(entry_points(group=group), key=lambda entry: entry.name):
            yield _described(entry, "sink" if group == SINKS_GROUP else "source")


def _described(entry: EntryPoint, kind: str) -> Installed:
    distribution = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"
    try:
        connector = entry.load()
    except (ImportError, AttributeError) as error:
        return Installed(entry.name, kind, "", "", distribution, "", f"{type(error).__name__}: {error}")
    if type(connector) not in _KINDS:
        return Installed(entry.name, kind, "", "", distribution, "", f"it is a {type(connector).__name__}")
    return Installed(
        entry.name,
        _KINDS[type(connector)],
        connector.version,
        _guarantee(connector),
        distribution,
        connector.summary,
    )


def _guarantee(connector: SinkConnector | SourceConnector | ReceiverConnector) -> str:
    """A sink's own; of sources, what the runtime makes of them."""
    if isinstance(connector, SinkConnector):
        return connector.guarantee.replace("_", " ")
    return "exactly once" if isinstance(connector, SourceConnector) else "at least once"
