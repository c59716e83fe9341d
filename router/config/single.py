"""One connector that stands in no file: validated as if it did."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from router.api import Reason
from router.api.secret import Resolve
from router.config.consistency import check_loops, check_topics
from router.config.faults import ConfigError, Fault
from router.config.files import Configuration
from router.config.load import Loading
from router.config.loaded import LoadedSink, LoadedSource
from router.config.models import Pipeline, SinkSettings, SourceSettings
from router.config.shape import validate

_SECTIONS = {"source": "sources", "sink": "sinks"}


def load_connector(
    pipeline: Pipeline, kind: Literal["source", "sink"], name: str, settings: Mapping[str, Any], resolve: Resolve
) -> LoadedSource | LoadedSink:
    """Check all of it that can be checked offline, and return it with its connector.

    settings: what would stand below its name in a file. resolve: what its secrets will ask for their value.
    Raises ConfigError with every fault, whose paths begin below its name; ConnectorError if an installed connector
    is broken.
    """
    section, raw = _SECTIONS[kind], dict(settings)
    data: dict[str, Any] = {section: {name: raw}} | ({"vault": {}} if pipeline.vault else {})
    configuration = Configuration(Path(), data)
    model = SinkSettings if kind == "sink" else SourceSettings
    parsed = validate(configuration, model, raw, (section, name), {"resolve": resolve})
    loading = Loading(configuration, resolve, pipeline.egress.allow)
    if kind == "sink":
        loading.add_sink(name, raw)
    else:
        loading.add_source(name, raw)
    if parsed is not None:
        check_topics(configuration, pipeline.model_copy(update={"sources": {}, "sinks": {}, section: {name: parsed}}))
    check_loops(configuration, pipeline, loading.sinks)
    if name in loading.receivers:
        message = "This connector is pushed to: `router ingress` serves it from a file."
        configuration.refuse(Reason.CONFIG_INVALID, (section, name, "connector"), message, "Declare it in a file.")
    loaded = loading.sinks.get(name) or loading.sources.get(name)
    if configuration.faults or loaded is None:
        raise ConfigError(_below(fault, f"{section}.{name}") for fault in configuration.faults)
    return loaded


def _below(fault: Fault, owner: str) -> Fault:
    """The fault as of the connector itself; a name that is no plain word was refused before."""
    path = fault.path.removeprefix(owner).removeprefix(".")
    message, fix = fault.message.replace(f"{owner}.", ""), (fault.fix or "").replace(f"{owner}.", "") or None
    return replace(fault, path=path, message=message, fix=fix, file=None, line=None)
