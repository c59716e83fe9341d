"""Validation of a flat configuration: everything that is wrong with it, by key."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from router.api import ConnectorError, Reason
from router.api.secret import REFERENCE
from router.config.faults import ConfigError, Fault
from router.config.loaded import LoadedSink, LoadedSource
from router.config.models import Pipeline
from router.config.names import consumer_group, workers_group
from router.config.single import load_connector
from router.control.records import Entry
from router.rest.answers import invalid, told
from router.rest.definitions import Definition, definitions, template
from router.rest.documents import OWN, Document, read


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration and what was found. loaded: None if there are faults, whose paths are flat keys."""

    document: Document
    loaded: LoadedSource | LoadedSink | None
    faults: tuple[Fault, ...]


def check(pipeline: Pipeline, flat: Mapping[str, str], entries: Mapping[str, Entry]) -> Checked:
    """Check all that can be checked without connecting to what it is about; no secret is looked up.

    entries: the connectors that there are.
    """
    document = read(flat)
    if document.plugin is None:
        return Checked(document, None, tuple(document.faults))
    try:
        loaded = load_connector(pipeline, document.plugin.kind, document.name, document.settings, _withheld)
    except ConfigError as error:
        found = [replace(fault, path=document.key_of(fault.path), file=None, line=None) for fault in error.faults]
        known = {fault.path for fault in document.faults}
        return Checked(document, None, (*document.faults, *(fault for fault in found if fault.path not in known)))
    if isinstance(loaded, LoadedSink):
        document.faults += _shared_group(pipeline, document.name, loaded, entries)
    return Checked(document, None if document.faults else loaded, tuple(document.faults))


def _shared_group(pipeline: Pipeline, name: str, sink: LoadedSink, entries: Mapping[str, Entry]) -> Iterator[Fault]:
    """No two sinks share a consumer group, nor one the workers' own: each would get a part of the events only."""
    taken = {
        consumer_group(pipeline.name, other, entry.settings.get("delivery", {}).get("group"))
        for other, entry in entries.items()
        if entry.kind == "sink" and other != name
    }
    group = consumer_group(pipeline.name, name, sink.settings.delivery.group)
    if group in taken or group == workers_group(pipeline.name):
        message = "Another connector, or the workers themselves, have this consumer group."
        fix = "Leave it out, or give the sink another name."
        yield Fault(Reason.CONFIG_KEY_DUPLICATE, "delivery.group", message, fix)


def load_entry(pipeline: Pipeline, name: str, entry: Entry) -> LoadedSource | LoadedSink:
    """The connector of an entry. Raises RestError (400) if it cannot be used here."""
    try:
        return load_connector(pipeline, entry.kind, name, entry.settings, _withheld)
    except ConfigError as error:
        raise invalid(error.faults) from error


def config_infos(checked: Checked) -> dict[str, Any]:
    """Connect's answer to a validation: each setting's definition, value and errors."""
    document, plugin = checked.document, checked.document.plugin
    errors: dict[str, list[str]] = {}
    for fault in checked.faults:
        errors.setdefault(fault.path, []).append(told(fault))
    known = definitions(plugin) if plugin else {}
    own = {key: replace(known[name], name=key) for key, name in _templates(document).items() if name in known}
    absent = {name: one for name, one in known.items() if name not in own and "<" not in name}
    described = {**own, **absent}
    others = [key for key in dict.fromkeys([*document.flat, *errors]) if key not in described]
    configs: list[dict[str, Any]] = [
        {"definition": one.as_dict(), "value": _value(document, one, errors.get(key, []))}
        for key, one in sorted(described.items(), key=lambda item: item[1].order)
    ]
    configs += [{"definition": None, "value": _unknown(key, errors.get(key, []))} for key in others]
    return {
        "name": plugin.name if plugin else "",
        "error_count": len(checked.faults),
        "groups": list(dict.fromkeys(one.group for one in described.values())),
        "configs": configs,
    }


def _templates(document: Document) -> dict[str, str]:
    """The definition that each key of the configuration has."""
    if document.plugin is None:
        return {}
    found = {key: template(document.plugin, path) for path, key in document.keys.items()}
    return {key: key for key in OWN if key in document.flat} | found


def _value(document: Document, definition: Definition, errors: Sequence[str]) -> dict[str, Any]:
    given = document.flat.get(definition.name, definition.default_value)
    return {
        "name": definition.name,
        "value": None if errors or _may_be_secret(definition, given) else given,
        "recommended_values": list(definition.choices),
        "errors": list(errors),
        "visible": True,
    }


def _unknown(key: str, errors: Sequence[str]) -> dict[str, Any]:
    """A key that nothing is known of: its value is not repeated, since it may be a secret."""
    return {"name": key, "value": None, "recommended_values": [], "errors": list(errors), "visible": True}


def _may_be_secret(definition: Definition, value: str | None) -> bool:
    return definition.type == "PASSWORD" and not (value and REFERENCE.fullmatch(value))


def _withheld(reference: str) -> str:
    raise ConnectorError(Reason.SECRET_NOT_FOUND, f"{reference} is not available to the API.")
