"""A configuration that has been found good, with its connectors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from router.api import ConnectorConfig, ReceiverConnector, SinkConnector, SourceConnector
from router.config.models import Pipeline, SinkSettings, SourceSettings
from router.config.references import SecretUse


class LoadedReceiver(NamedTuple):
    """A source that others push to: its settings, its connector, and the connector's own configuration."""

    settings: SourceSettings
    connector: ReceiverConnector
    config: ConnectorConfig


class LoadedSource(NamedTuple):
    """A source that fetches: its settings, its connector, and the connector's own configuration."""

    settings: SourceSettings
    connector: SourceConnector
    config: ConnectorConfig


class LoadedSink(NamedTuple):
    """A sink: its settings, its connector, and the connector's own configuration."""

    settings: SinkSettings
    connector: SinkConnector
    config: ConnectorConfig


@dataclass(frozen=True, slots=True)
class Loaded:
    """A whole configuration. Receivers and sources stand together under `sources` in the files.

    secrets: every setting that is a secret, in the order of the files.
    """

    pipeline: Pipeline
    receivers: Mapping[str, LoadedReceiver]
    sources: Mapping[str, LoadedSource]
    sinks: Mapping[str, LoadedSink]
    secrets: tuple[SecretUse, ...]
