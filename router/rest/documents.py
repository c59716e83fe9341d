"""A connector's configuration as Kafka Connect's tools write and read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router.api import Reason
from router.config.faults import Fault, KeyPath, dotted
from router.config.names import plain_name
from router.rest.dialect import flatten, nest
from router.rest.keys import flat_key
from router.rest.plugins import Plugin, find, plugins, receives

NAME = "name"
CLASS = "connector.class"
TASKS = "tasks.max"
OWN = (NAME, CLASS, TASKS)
_HIDDEN = ("connector", "tasks")
"""Settings that Connect has names of its own for."""


@dataclass(slots=True)
class Document:
    """A configuration as it was sent. Faults name flat keys.

    plugin: None if the class is unknown; then there are no settings either.
    """

    name: str
    flat: Mapping[str, str]
    plugin: Plugin | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    keys: dict[KeyPath, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def key_of(self, path: str) -> str:
        """The flat key of a path as faults write it, such as `routes[0].when`."""
        if path in ("connector", "tasks"):
            return CLASS if path == "connector" else TASKS
        known = {dotted(key[:length]): flat_key(key[:length]) for key in self.keys for length in range(1, len(key) + 1)}
        return known.get(path, path.replace("[", ".").replace("]", ""))


def write(plugin: Plugin | None, name: str, kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """The settings as a flat map. plugin: None where it is not installed here; then its own settings are left out."""
    own = {NAME: name, CLASS: f"{kind}.{settings.get('connector')}", TASKS: str(settings.get("tasks", 1))}
    if plugin is None:
        return own
    return own | flatten(plugin.shape, {key: value for key, value in settings.items() if key not in _HIDDEN})


def read(flat: Mapping[str, str]) -> Document:
    """The flat map as settings, with what is wrong with it as such; the settings themselves are not validated."""
    document = Document(flat.get(NAME, ""), flat)
    _check_name(document)
    plugin_class = flat.get(CLASS, "")
    document.plugin = find(plugin_class)
    if document.plugin is None:
        document.faults.append(_no_plugin(plugin_class))
        return document
    rest = {key: text for key, text in flat.items() if key not in OWN}
    for key in [key for key in rest if key.split(".")[0] in _HIDDEN]:
        del rest[key]
        document.faults.append(Fault(Reason.CONFIG_KEY_UNKNOWN, key, f"{key} is not a setting here.", _instead(key)))
    nested = nest(document.plugin.shape, rest)
    document.settings = {"connector": document.plugin.connector.name} | nested.settings
    document.keys = nested.keys
    document.faults += nested.faults
    if TASKS in flat:
        _read_tasks(document, document.plugin, flat[TASKS])
    return document


def _check_name(document: Document) -> None:
    if not document.name:
        document.faults.append(Fault(Reason.CONFIG_INVALID, NAME, "This setting is required.", "Add `name`."))
        return
    try:
        plain_name(document.name)
    except ValueError as error:
        message = str(error)
        document.faults.append(Fault(Reason.CONFIG_INVALID, NAME, message[:1].upper() + message[1:] + "."))


def _read_tasks(document: Document, plugin: Plugin, text: str) -> None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None  # noqa: PLR2004
    if plugin.kind == "sink":
        document.settings["tasks"] = text if number is None else number
    elif number != 1:
        message = "A source that fetches has one task."
        document.faults.append(Fault(Reason.CONFIG_INVALID, TASKS, message, "Write `1`, or leave it out."))


def _no_plugin(plugin_class: str) -> Fault:
    known = ", ".join(f"`{plugin.name}`" for plugin in plugins())
    if not plugin_class:
        return Fault(Reason.CONFIG_INVALID, CLASS, "This setting is required.", f"Write one of {known}.")
    if receives(plugin_class):
        message = "This connector is pushed to: `router ingress` serves it from a file."
        return Fault(Reason.CONFIG_INVALID, CLASS, message, "Declare it under `sources` of a configuration file.")
    message = "No installed package offers a connector of this class."
    return Fault(Reason.CONNECTOR_UNKNOWN, CLASS, message, f"Known here: {known}.")


def _instead(key: str) -> str:
    return f"Write `{CLASS if key.startswith('connector') else TASKS}`."
