"""The reference page of the configuration, written from the models that validate it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from router.api import ReceiverConnector, Secret, SinkConnector, SourceConnector
from router.config.fields import fields, members, models_in
from router.config.models import Pipeline

HEAD = """# Configuration

<!-- Generated from the configuration models by `make generate`; do not edit. -->

A configuration is one YAML file, or all `*.yaml` and `*.yml` files of a directory taken together. `router check PATH`
validates it offline and reports every mistake at once.

- Extra keys, keys given twice, aliases, anchors and tags are refused.
- Types are strict: only `true` and `false` are booleans, and a quoted number is text.
- A secret is a reference, `${env:NAME}` or `${file:/absolute/path}`, and stands only where the type says so. A file
  is read again when it changes.
- Topics whose names end in `.dlq` or `.replay` are the runtime's own.

In the tables, `*` stands for a name of your choice and `[]` for each item of a list.
"""
_SIMPLE = {str: "text", int: "integer", float: "number", bool: "boolean", Secret: "secret reference", Any: "any"}
_BOUNDS = {"ge": "≥ ", "gt": "> ", "le": "≤ ", "lt": "< ", "min_length": "length ≥ ", "max_length": "length ≤ "}


def configuration_page(
    sources: Mapping[str, ReceiverConnector | SourceConnector], sinks: Mapping[str, SinkConnector]
) -> str:
    """The page docs/reference/configuration.md."""
    lines = [HEAD, "## Settings", "", *_table(Pipeline)]
    lines += _connectors("Sources", "sources.*.config", sources.values())
    lines += _connectors("Sinks", "sinks.*.config", sinks.values())
    return "\n".join(lines) + "\n"


def _connectors(
    title: str, place: str, connectors: Iterable[ReceiverConnector | SourceConnector | SinkConnector]
) -> Iterator[str]:
    yield from ("", f"## {title}")
    for connector in sorted(connectors, key=lambda connector: connector.name):
        yield from ("", f"### {connector.name}", "", f"{connector.summary.rstrip('.')}.")
        if isinstance(connector, SinkConnector):
            guarantee = connector.guarantee.replace("_", " ")
            yield from ("", f"Guarantee: {guarantee}. At most {connector.max_batch_events} events a write.")
        yield from ("", f"Its settings, below `{place}`:", "", *_table(connector.config))


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| Key | Type | Default | Bounds | Meaning |"
    yield "|---|---|---|---|---|"
    for cells in _rows(model, ""):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _rows(model: type[BaseModel], prefix: str, choice: str = "") -> Iterator[tuple[str, str, str, str, str]]:
    """A row for each setting. choice: says which of several models the setting belongs to."""
    for name, field in fields(model).items():
        if choice and _is_tag(field):
            continue
        yield f"`{prefix}{name}`{choice}", _type(field.annotation), _default(field), _bounds(field), _meaning(field)
        inner = list(models_in(field.annotation))
        below = f"{prefix}{name}{_items(field.annotation)}."
        if len(inner) > 1:
            yield from _alternatives(inner, below)
        else:
            yield from (row for nested in inner for row in _rows(nested, below, choice))


def _alternatives(models: Sequence[type[BaseModel]], prefix: str) -> Iterator[tuple[str, str, str, str, str]]:
    """First the setting that chooses one of the models, then the settings of each."""
    tags = [(name, get_args(field.annotation)[0], model) for model in models for name, field in _tags(model)]
    for name in dict.fromkeys(name for name, _, _ in tags):
        kinds = " or ".join(f"`{tag}`" for _, tag, _ in tags)
        told = "; ".join(f"`{tag}`: {_first_line(model).rstrip('.')}" for _, tag, model in tags)
        yield f"`{prefix}{name}`", kinds, "**required**", "", f"{told}."
    for name, tag, model in tags:
        yield from _rows(model, prefix, f" ({name} `{tag}`)")
    for model in models:
        if not any(_tags(model)):
            yield from _rows(model, prefix, f" ({model.__name__})")


def _tags(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    return ((name, field) for name, field in fields(model).items() if _is_tag(field))


def _is_tag(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is Literal and field.is_required() and len(get_args(field.annotation)) == 1


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n")[0]


def _meaning(field: FieldInfo) -> str:
    """The field's description, or else what its model says of itself."""
    told = [_first_line(model) for model in models_in(field.annotation)]
    return field.description or (told[0] if len(told) == 1 else "")


def _items(annotation: Any) -> str:
    """What stands between a key and the settings of the models in it: an index, a name, or nothing."""
    origins = [get_origin(plain) for plain in members(annotation)]
    if dict in origins:
        return ".*"
    return "[]" if tuple in origins or list in origins else ""


def _type(annotation: Any) -> str:
    return " or ".join(dict.fromkeys(_name(plain) for plain in members(annotation) if plain is not NoneType))


def _name(plain: Any) -> str:
    origin, arguments = get_origin(plain), get_args(plain)
    if origin is Annotated:
        return _type(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in {tuple, list, frozenset, set}:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"{_type(arguments[1])} by name" if arguments[1] is not Any else "mapping"
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        return "mapping"
    if isinstance(plain, type) and issubclass(plain, Enum):
        return " or ".join(f"`{member.value}`" for member in plain)
    return _SIMPLE.get(plain, getattr(plain, "__name__", str(plain)))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is None or default == {} or isinstance(default, BaseModel):
        return ""
    if isinstance(default, Enum):
        default = default.value
    return f"`{default if isinstance(default, str) and default else json.dumps(default)}`"


def _bounds(field: FieldInfo) -> str:
    found = []
    for constraint in field.metadata:
        found += [
            f"{sign}{bound}" for name, sign in _BOUNDS.items() if (bound := getattr(constraint, name, None)) is not None
        ]
        pattern = getattr(constraint, "pattern", None)
        if pattern is not None:
            found.append(f"matches `{pattern}`")
    return ", ".join(found)
