"""From files to a configuration that can be run, or to the list of everything that is wrong with it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from router.api import (
    ConnectorConfig,
    ConnectorError,
    Egress,
    Reason,
    ReceiverConnector,
    SinkConnector,
    SourceConnector,
)
from router.api.secret import Resolve
from router.config import connectors
from router.config.consistency import (
    check_groups,
    check_loops,
    check_names,
    check_paths,
    check_ports,
    check_spools,
    check_topics,
    check_unused,
)
from router.config.egress import check_egress
from router.config.faults import KeyPath
from router.config.files import Configuration, gather
from router.config.front import Network
from router.config.loaded import Loaded, LoadedReceiver, LoadedSink, LoadedSource
from router.config.models import Pipeline, SinkSettings, SourceSettings
from router.config.references import SecretUse, refuse_vault, secret_uses, strings
from router.config.routes import check_routes
from router.config.scopes import Owner, check_hosts, check_secrets, check_sink_topics, check_source_topics
from router.config.shape import suggestion, validate

__all__ = ["Loaded", "LoadedReceiver", "LoadedSink", "LoadedSource", "load", "load_offline"]

Connector = ReceiverConnector | SourceConnector | SinkConnector
Settings = SourceSettings | SinkSettings
C = TypeVar("C", bound=ReceiverConnector | SourceConnector | SinkConnector)
S = TypeVar("S", SourceSettings, SinkSettings)


def load(path: Path, *, resolve: Resolve) -> Loaded:
    """Read the file, or the directory's YAML files taken together, and check all that can be checked offline.

    resolve: what the configuration's secrets will ask for their value; it is not called here.
    Raises ConfigError with every fault; ConnectorError if an installed connector is broken.
    """
    return Loading(gather(path), resolve).result()


def load_offline(path: Path) -> Loaded:
    """The same for commands that run no connector: its secrets cannot be revealed."""
    return load(path, resolve=_withheld)


def _withheld(reference: str) -> str:
    raise ConnectorError(Reason.SECRET_NOT_FOUND, f"{reference} is not available to this command.")


@dataclass(slots=True)
class Loading:
    """A configuration while its parts are being checked; what is wrong is noted in it."""

    configuration: Configuration
    resolve: Resolve
    allowed_networks: tuple[Network, ...] = ()
    receivers: dict[str, LoadedReceiver] = field(default_factory=dict)
    sources: dict[str, LoadedSource] = field(default_factory=dict)
    sinks: dict[str, LoadedSink] = field(default_factory=dict)
    secrets: list[SecretUse] = field(default_factory=list)

    def result(self) -> Loaded:
        """The whole. Raises ConfigError with every fault."""
        data = self.configuration.data
        plain = [(path, text) for path, text in strings(data) if not _holds_secrets(path)]
        self.secrets += [use for _, use in secret_uses(self.configuration, Pipeline, plain, ())]
        pipeline = validate(self.configuration, Pipeline, data, (), {"resolve": self.resolve})
        if pipeline is not None:
            self.allowed_networks = pipeline.egress.allow
        for name, raw in _entries(data, "sources"):
            self.add_source(name, raw)
        for name, raw in _entries(data, "sinks"):
            self.add_sink(name, raw)
        check_paths(self.configuration, self.receivers)
        check_unused(self.configuration, self.receivers, self.sources)
        if pipeline is not None:
            self._check_whole(pipeline)
        if pipeline is None or self.configuration.faults:
            raise self.configuration.error()
        return Loaded(pipeline, self.receivers, self.sources, self.sinks, tuple(self.secrets))

    def _check_whole(self, pipeline: Pipeline) -> None:
        check_ports(self.configuration, pipeline)
        check_groups(self.configuration, pipeline.name, pipeline.sinks)
        check_names(self.configuration, pipeline)
        check_topics(self.configuration, pipeline)
        check_loops(self.configuration, pipeline, self.sinks)
        check_spools(self.configuration, pipeline, self.receivers)

    def add_source(self, name: str, raw: Mapping[str, Any]) -> None:
        """Check a source, and keep it if it is good."""
        owner = ("sources", name)
        settings = _parsed(SourceSettings, raw)
        if settings is not None:
            check_source_topics(self.configuration, owner, settings)
            check_routes(self.configuration, owner, settings)
        connector = self._connector(owner, raw, connectors.sources())
        config = self._config(owner, raw, settings, connector) if connector else None
        if not (settings and connector and config):
            return
        self._check_hosts(owner, settings, config, connector.hosts(config))
        if isinstance(connector, ReceiverConnector):
            self.receivers[name] = LoadedReceiver(settings, connector, config)
        else:
            self.sources[name] = LoadedSource(settings, connector, config)

    def add_sink(self, name: str, raw: Mapping[str, Any]) -> None:
        """Check a sink, and keep it if it is good."""
        owner = ("sinks", name)
        settings = _parsed(SinkSettings, raw)
        if settings is not None:
            check_sink_topics(self.configuration, owner, settings)
        connector = self._connector(owner, raw, connectors.sinks())
        config = self._config(owner, raw, settings, connector) if connector else None
        if settings and connector and config:
            self._check_hosts(owner, settings, config, connector.hosts(config))
            self.sinks[name] = LoadedSink(settings, connector, config)

    def _check_hosts(self, owner: Owner, settings: Settings, config: ConnectorConfig, hosts: tuple[str, ...]) -> None:
        check_hosts(self.configuration, owner, settings.scopes, hosts)
        # Only for what no scope can allow: the others have been noted.
        egress = replace(config.egress, hosts=frozenset(hosts))
        check_egress(self.configuration, (*owner, "config"), egress, hosts)

    def _connector(self, owner: Owner, raw: Mapping[str, Any], installed: Mapping[str, C]) -> C | None:
        name = raw.get("connector")
        if not isinstance(name, str):
            return None
        if name not in installed:
            message = f"No installed package offers a connector of this name for {owner[0]}."
            path = (*owner, "connector")
            self.configuration.refuse(
                Reason.CONNECTOR_UNKNOWN, path, message, suggestion(name, frozenset(installed)), settles=True
            )
        return installed.get(name)

    def _config(
        self, owner: Owner, raw: Mapping[str, Any], settings: Settings | None, connector: Connector
    ) -> ConnectorConfig | None:
        path, content = (*owner, "config"), raw.get("config", {})
        uses = list(secret_uses(self.configuration, connector.config, strings(content), path))
        self.secrets += [use for _, use in uses]
        if "vault" not in self.configuration.data:
            refuse_vault(self.configuration, uses)
        if settings is not None:
            check_secrets(self.configuration, owner, settings.scopes, uses)
        if not isinstance(content, dict):
            return None
        egress = Egress(self.allowed_networks, frozenset(settings.scopes.hosts) if settings else frozenset())
        context = {"resolve": self.resolve, "egress": egress}
        config = validate(self.configuration, connector.config, content, path, context)
        return None if self.configuration.has_settled(path) else config


def _holds_secrets(path: KeyPath) -> bool:
    """Whether references belong there: a connector's own settings, checked with its model, and scopes."""
    return path[2:3] == ("config",) or path[2:4] == ("scopes", "secrets")


def _entries(data: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    entries = data.get(kind)
    if isinstance(entries, dict):
        yield from ((name, raw) for name, raw in entries.items() if isinstance(raw, dict))


def _parsed(model: type[S], raw: Mapping[str, Any]) -> S | None:
    """The settings, if they are good; their faults have been noted with those of the whole."""
    try:
        return model.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError:
        return None
