"""Files as declarations: what must change so that the connectors are what a file says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from router.config.loaded import Loaded
from router.control.records import Connectors, Entry, Kind
from router.control.store import ConnectorStore


class Action(StrEnum):
    """What happens to a connector."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one connector. entry: as it will be; None if it is deleted. changed: the settings that differ."""

    action: Action
    name: str
    kind: Kind
    entry: Entry | None
    changed: tuple[str, ...] = ()


def declared(loaded: Loaded) -> dict[str, tuple[Kind, Mapping[str, Any]]]:
    """The connectors that a configuration declares, with their settings as they are written."""
    sources: dict[str, tuple[Kind, Mapping[str, Any]]] = {
        name: ("source", source.settings.model_dump(mode="json", exclude_unset=True))
        for name, source in loaded.sources.items()
    }
    return sources | {
        name: ("sink", sink.settings.model_dump(mode="json", exclude_unset=True)) for name, sink in loaded.sinks.items()
    }


def plan(current: Connectors, declared: Mapping[str, tuple[Kind, Mapping[str, Any]]], changed_by: str) -> list[Step]:
    """The steps, by name. Connectors that were made through the API are left alone, unless a file declares them now."""
    steps = [_step(current, name, kind, settings, changed_by) for name, (kind, settings) in declared.items()]
    steps += [
        Step(Action.DELETE, name, entry.kind, None)
        for name, entry in current.entries.items()
        if entry.origin == "file" and name not in declared
    ]
    return sorted(steps, key=lambda step: step.name)


async def apply(store: ConnectorStore, steps: Sequence[Step]) -> None:
    """Make the changes. Raises ConnectorError; applied again, it goes on."""
    for step in steps:
        if step.action is Action.DELETE:
            await store.delete(step.name)
        elif step.action is not Action.UNCHANGED and step.entry is not None:
            await store.put(step.name, step.entry)


def _step(current: Connectors, name: str, kind: Kind, settings: Mapping[str, Any], changed_by: str) -> Step:
    present = current.entries.get(name)
    version = present.version + 1 if present else 1
    entry = Entry(kind, settings, "file", version, datetime.now(UTC).isoformat(), changed_by)
    if present is None:
        return Step(Action.CREATE, name, kind, entry)
    if (present.kind, present.settings, present.origin) == (kind, settings, "file"):
        return Step(Action.UNCHANGED, name, kind, present)
    keys = sorted({*present.settings, *settings})
    changed = tuple(key for key in keys if present.settings.get(key) != settings.get(key))
    return Step(Action.UPDATE, name, kind, entry, changed)
