"""An Avro schema in the words of people: its fields by their paths, and what has changed between two of them."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

_Named = dict[str, Mapping[str, Any]]


class Difference(StrEnum):
    """What has happened to a field."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Change(NamedTuple):
    """One field's difference. before, after: its type in words; empty where there is none."""

    difference: Difference
    path: str
    before: str
    after: str


def outline(schema: Mapping[str, Any] | None) -> dict[str, str]:
    """The types in words by the paths of the fields, such as `{"after.id": "long"}`; None is bytes, without fields.

    `?` says that a value may be null. A record is its fields, in place.
    """
    return {} if schema is None else dict(_fields(schema, "", {}))


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """What must be done to get from one outline to the other, in the order of the newer one."""
    found = [Change(Difference.REMOVED, path, kind, "") for path, kind in before.items() if path not in after]
    for path, kind in after.items():
        if path not in before:
            found.append(Change(Difference.ADDED, path, "", kind))
        elif before[path] != kind:
            found.append(Change(Difference.CHANGED, path, before[path], kind))
    return found


def kind_of(kind: Any) -> str:
    """An Avro type in one word or two."""
    if isinstance(kind, list):
        branches = [kind_of(branch) for branch in kind if branch != "null"]
        return " or ".join(branches) + ("?" if "null" in kind else "")
    if not isinstance(kind, Mapping):
        return str(kind)
    if kind.get("logicalType") == "decimal":
        return f"decimal({kind.get('precision')},{kind.get('scale', 0)})"
    if "logicalType" in kind:
        return str(kind["logicalType"])
    if kind["type"] in ("array", "map"):
        return f"{kind['type']} of {kind_of(kind.get('items', kind.get('values')))}"
    if kind["type"] == "enum":
        return f"enum of {', '.join(kind.get('symbols', ()))}"
    if kind["type"] in ("record", "fixed"):
        return f"{kind['type']} {kind.get('name', '')}".strip()
    return kind_of(kind["type"])


def _fields(schema: Mapping[str, Any], prefix: str, named: _Named) -> Iterator[tuple[str, str]]:
    if "name" in schema:
        named[str(schema["name"])] = schema
    for field in schema.get("fields", ()):
        path = f"{prefix}{field['name']}"
        record = _record(field["type"], named)
        if record is None:
            yield path, kind_of(field["type"])
        else:
            yield from _fields(record, f"{path}.", named)


def _record(kind: Any, named: _Named) -> Mapping[str, Any] | None:
    """The record that the type is, or may be."""
    branches = [branch for branch in kind if branch != "null"] if isinstance(kind, list) else [kind]
    if len(branches) != 1:
        return None
    only = branches[0]
    if isinstance(only, str):
        return named.get(only)
    return only if isinstance(only, Mapping) and only.get("type") == "record" else None
