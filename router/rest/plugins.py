"""The connectors that the API can create, by the class that Kafka Connect's tools name them with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from router.api import ReceiverConnector, SinkConnector, SourceConnector
from router.config import connectors
from router.config.models import SinkSettings, SourceSettings
from router.rest.dialect import Shape

Kind = Literal["source", "sink"]


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed connector that fetches or delivers."""

    kind: Kind
    connector: SourceConnector | SinkConnector

    @property
    def name(self) -> str:
        """What Connect calls its class, such as `sink.postgres`."""
        return f"{self.kind}.{self.connector.name}"

    @property
    def shape(self) -> Shape:
        """The settings that it has."""
        return Shape(SinkSettings if self.kind == "sink" else SourceSettings, self.connector.config)


def plugins() -> list[Plugin]:
    """All of them, by class. Raises ConnectorError if an installed connector is broken."""
    return sorted(_installed(), key=lambda plugin: plugin.name)


def find(plugin_class: str) -> Plugin | None:
    """The one of this class, or of this bare name if only one has it."""
    found = [plugin for plugin in _installed() if plugin_class in (plugin.name, plugin.connector.name)]
    exact = [plugin for plugin in found if plugin.name == plugin_class]
    return (exact or found)[0] if len(exact or found) == 1 else None


def receives(plugin_class: str) -> bool:
    """Whether this is a connector that others push to, which is declared in a file and served by `router ingress`."""
    name = plugin_class.removeprefix("source.")
    return isinstance(connectors.sources().get(name), ReceiverConnector)


def _installed() -> Iterator[Plugin]:
    for source in connectors.sources().values():
        if isinstance(source, SourceConnector):
            yield Plugin("source", source)
    for sink in connectors.sinks().values():
        yield Plugin("sink", sink)
