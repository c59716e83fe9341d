"""Kafka Connect's flat maps of strings: a nested setting is a dotted key, a list of plain values has commas."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import NoneType
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from router.api import Reason
from router.config.faults import Fault, KeyPath, shown_key
from router.config.fields import keys_at, types_at
from router.rest.keys import flat_key, split_key
from router.rest.leaves import from_text, is_any, to_text

_CONFIG = "config"
_ABSENT = object()
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class Shape:
    """Which settings a connector has: those of its kind, and its own below `config`."""

    settings: type[BaseModel]
    config: type[BaseModel]

    def kinds(self, path: KeyPath) -> tuple[Any, ...]:
        """The types that a value at the path may have; none if there is no such setting."""
        if path and path[0] == _CONFIG:
            return tuple(types_at(self.config, path[1:]))
        return tuple(types_at(self.settings, path))

    def keys(self, path: KeyPath) -> frozenset[str]:
        """The settings that may stand below the path."""
        if path and path[0] == _CONFIG:
            return keys_at(self.config, path[1:])
        return keys_at(self.settings, path)


@dataclass(slots=True)
class Nested:
    """Settings as they are written in YAML, and what was wrong with the flat map.

    keys: the flat key that each path came from.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    keys: dict[KeyPath, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def flatten(shape: Shape, settings: Mapping[str, Any]) -> dict[str, str]:
    """The settings as a flat map; what is null or an empty mapping is left out, as it says nothing."""
    return dict(_flat(shape, dict(settings), ()))


def nest(shape: Shape, flat: Mapping[str, str]) -> Nested:
    """The settings of a flat map. Numbers and booleans are read where the models expect them."""
    nested = Nested()
    tree: dict[Any, Any] = {}
    for key, text in flat.items():
        path = _path(shape, key)
        if path is None:
            nested.faults.append(_unknown(shape, key))
        elif not _place(tree, path, _value(shape, path, text)):
            message = "This setting is given twice: by itself, and by a key that begins with it."
            nested.faults.append(Fault(Reason.CONFIG_KEY_DUPLICATE, key, message, "Keep one of them."))
        else:
            nested.keys[path] = key
    nested.settings = {key: _closed(value, (key,), nested) for key, value in tree.items()}
    return nested


def _flat(shape: Shape, value: Any, path: KeyPath) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    kinds = shape.kinds(path)
    if path and is_any(kinds):
        yield flat_key(path), to_text(kinds, value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(shape, inner, (*path, str(name)))
    elif isinstance(value, list | tuple):
        yield from _flat_list(shape, value, path)
    else:
        yield flat_key(path), to_text(kinds, value)


def _flat_list(shape: Shape, values: Sequence[Any], path: KeyPath) -> Iterator[tuple[str, str]]:
    kinds = shape.kinds((*path, 0))
    if all(isinstance(value, str | int | float) for value in values) and not is_any(kinds):
        texts = [to_text(kinds, value) for value in values]
        if not any("," in text or text != text.strip() or not text for text in texts):
            yield flat_key(path), ",".join(texts)
            return
    for index, value in enumerate(values):
        yield from _flat(shape, value, (*path, index))


def _path(shape: Shape, key: str) -> KeyPath | None:
    """The path that the key means, or None if there is no such setting."""
    path: KeyPath = ()
    parts = split_key(key)
    for position, part in enumerate(parts):
        above = shape.kinds(path)
        if path and any(_is_plain_mapping(kind) for kind in above):
            # Names of headers and the like have dots of their own.
            path = (*path, ".".join(parts[position:]))
            break
        if path and all(_is_sequence(kind) for kind in above if kind is not NoneType):
            if not _INDEX.fullmatch(part):
                return None
            path = (*path, int(part))
        else:
            path = (*path, part)
    return path if _exists(shape, path) else None


def _exists(shape: Shape, path: KeyPath) -> bool:
    return bool(shape.kinds(path)) and "" not in path


def _value(shape: Shape, path: KeyPath, text: str) -> Any:
    kinds = shape.kinds(path)
    if not is_any(kinds) and any(_is_sequence(kind) for kind in kinds):
        inner = shape.kinds((*path, 0))
        return [from_text(inner, part.strip()) for part in text.split(",")] if text.strip() else []
    return from_text(kinds, text)


def _place(tree: dict[Any, Any], path: KeyPath, value: Any) -> bool:
    """Put the value into the tree; False if something else is already at or above its place."""
    for part in path[:-1]:
        tree = tree.setdefault(part, _Branch())
        if not isinstance(tree, _Branch):
            return False
    if tree.get(path[-1], _ABSENT) is not _ABSENT:
        return False
    tree[path[-1]] = value
    return True


class _Branch(dict[Any, Any]):
    """A mapping that keys have made, as distinct from one that is a value."""


def _closed(value: Any, path: KeyPath, nested: Nested) -> Any:
    """The branch as a mapping, or as a list where its keys are indexes."""
    if not isinstance(value, _Branch):
        return value
    if not all(isinstance(key, int) for key in value):
        return {key: _closed(inner, (*path, key), nested) for key, inner in value.items()}
    if sorted(value) != list(range(len(value))):
        message = "The indexes of a list count from 0, without gaps."
        nested.faults.append(Fault(Reason.CONFIG_INVALID, flat_key(path), message, "Number its keys anew."))
    return [_closed(value[index], (*path, index), nested) for index in sorted(value)]


def _unknown(shape: Shape, key: str) -> Fault:
    path: KeyPath = ()
    for part in split_key(key):
        known = shape.keys(path)
        if known and part not in known:
            close = get_close_matches(part, sorted(known), n=1)
            fix = f"Did you mean `{flat_key((*path, *close))}`?" if close else f"Known here: {_listed(path, known)}."
            return Fault(Reason.CONFIG_KEY_UNKNOWN, key, f"{shown_key(key)} is not a setting of this connector.", fix)
        path = (*path, part)
    message = f"{shown_key(key)} is not a setting of this connector."
    return Fault(Reason.CONFIG_KEY_UNKNOWN, key, message, "See `GET /connector-plugins`.")


def _listed(path: KeyPath, known: Collection[str]) -> str:
    return ", ".join(f"`{flat_key((*path, name))}`" for name in sorted(known))


def _is_sequence(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Sequence | AbstractSet)


def _is_plain_mapping(kind: Any) -> bool:
    """Whether it is a mapping whose values hold nothing further."""
    origin, arguments = get_origin(kind), get_args(kind)
    if not (isinstance(origin, type) and issubclass(origin, Mapping)) or not arguments:
        return False
    inner = tuple(types_at(arguments[-1], ()))
    return not any(keys_at(kind, ("",)) or _is_sequence(one) or get_origin(one) is dict for one in inner)
