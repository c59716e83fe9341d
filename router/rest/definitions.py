"""The definitions of a connector's settings, as Kafka Connect describes them, from the models."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from enum import Enum
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from router.api import Secret
from router.config.faults import KeyPath
from router.config.fields import fields, types_at
from router.rest.documents import CLASS, NAME, TASKS
from router.rest.keys import flat_key
from router.rest.leaves import to_text
from router.rest.plugins import Plugin, plugins

_ANY_NAME = "<name>"
_COMMON = "Common"
_FIRST = 0
_NUMBERS = {bool: "BOOLEAN", int: "LONG", float: "DOUBLE"}


@dataclass(frozen=True, slots=True)
class Definition:
    """What Connect says of a setting. choices: the values that it may have, where they are few."""

    name: str
    type: str
    required: bool
    default_value: str | None
    importance: str
    documentation: str
    group: str
    order: int
    choices: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As Connect's ConfigKeyInfo."""
        shown = asdict(self)
        del shown["choices"]
        return shown | {"width": "MEDIUM", "display_name": self.name, "dependents": []}


def definitions(plugin: Plugin) -> dict[str, Definition]:
    """All settings by flat key; a name that people give is written `<name>`, and an item of a list has the index 0."""
    shape = plugin.shape
    hidden = {"connector", "tasks", "config"}
    found = list(_own(plugin))
    found += _below(shape.settings, (), is_required=True, hidden=hidden)
    found += _below(shape.config, ("config",), is_required=True)
    merged: dict[str, Definition] = {}
    for one in found:
        merged[one.name] = _together(merged[one.name], one) if one.name in merged else one
    return {name: replace(one, order=order) for order, (name, one) in enumerate(merged.items(), start=1)}


def template(plugin: Plugin, path: KeyPath) -> str:
    """The key under which `definitions` has the setting at the path."""
    shape, general = plugin.shape, list(path)
    for position, part in enumerate(path):
        above = shape.kinds(path[:position])
        if isinstance(part, int):
            general[position] = _FIRST
        elif any(_origin(kind, Mapping) for kind in above):
            general[position] = _ANY_NAME
    return flat_key(tuple(general))


def _together(first: Definition, second: Definition) -> Definition:
    """The setting of two models of which the configuration chooses one."""
    return replace(
        first,
        type=first.type if first.type == second.type else "STRING",
        required=first.required and second.required,
        choices=tuple(dict.fromkeys(first.choices + second.choices)),
    )


def _own(plugin: Plugin) -> Iterator[Definition]:
    classes = tuple(one.name for one in plugins())
    about = "How many tasks share the work." if plugin.kind == "sink" else "A source that fetches has one task."
    yield Definition(NAME, "STRING", True, None, "HIGH", "The connector's name.", _COMMON, 0)
    yield Definition(CLASS, "STRING", True, None, "HIGH", "Which connector it is.", _COMMON, 0, classes)
    yield Definition(TASKS, "LONG", False, "1", "HIGH", about, _COMMON, 0)


def _below(
    model: type[BaseModel], path: KeyPath, *, is_required: bool, hidden: AbstractSet[str] = frozenset()
) -> Iterator[Definition]:
    for name, field in fields(model).items():
        if name not in hidden:
            required = is_required and field.is_required()
            default = field.get_default(call_default_factory=True) if not field.is_required() else None
            default = None if default is PydanticUndefined else default
            yield from _of(field.annotation, (*path, name), default, str(field.description or ""), required)


def _of(annotation: Any, path: KeyPath, default: Any, about: str, required: bool) -> Iterator[Definition]:
    kinds = [kind for kind in types_at(annotation, ()) if kind is not NoneType]
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    for model in models:
        yield from _below(model, path, is_required=required and len(models) == 1)
    for kind in kinds:
        inner = list(types_at(kind, (_ANY_NAME if _origin(kind, Mapping) else _FIRST,)))
        if _origin(kind, Mapping):
            yield from _of(get_args(kind)[-1], (*path, _ANY_NAME), None, about, False)
            return
        if _origin(kind, Sequence) and any(isinstance(one, type) and issubclass(one, BaseModel) for one in inner):
            yield from _of(inner[0], (*path, _FIRST), None, about, required)
            return
    if not models:
        yield _leaf(kinds, path, default, about, required)


def _leaf(kinds: Sequence[Any], path: KeyPath, default: Any, about: str, required: bool) -> Definition:
    return Definition(
        name=flat_key(path),
        type=_type(kinds),
        required=required,
        default_value=_default(kinds, default),
        importance="HIGH" if required else "MEDIUM",
        documentation=about,
        group=_COMMON if len(path) == 1 else str(path[0]),
        order=0,
        choices=tuple(str(value) for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)),
    )


def _type(kinds: Sequence[Any]) -> str:
    if any(_origin(kind, Sequence) or _origin(kind, AbstractSet) for kind in kinds):
        return "LIST"
    if Secret in kinds:
        return "PASSWORD"
    return _NUMBERS.get(kinds[0], "STRING") if len(kinds) == 1 else "STRING"


def _default(kinds: Sequence[Any], default: Any) -> str | None:
    if default is None or isinstance(default, Secret | BaseModel | Mapping):
        return None
    if isinstance(default, Enum):
        return str(default.value)
    if isinstance(default, list | tuple | set | frozenset):
        return ",".join(str(value) for value in default)
    return to_text(kinds, default) if isinstance(default, str | int | float) else str(default)


def _origin(kind: Any, parent: type) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, parent)
