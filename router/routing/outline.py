"""Which parts of the content expressions look at, so that only these are converted for CEL."""

import re
from collections.abc import Mapping
from typing import Any

Outline = dict[str, "Outline"] | None
"""The fields that are looked at; None: everything, or it cannot be told."""

_USE = re.compile(r"\bdata\b((?:\s*\.\s*[A-Za-z_]\w*)*)(\s*\()?")


def outline(expressions: list[str]) -> Outline:
    """The fields of `data` that the expressions may look at; rather too many than too few."""
    fields: Outline = {}
    for expression in expressions:
        for path, call in _USE.findall(expression):
            steps = re.findall(r"\w+", path)
            fields = _add(fields, steps[:-1] if call else steps)
    return fields


def prune(value: Any, fields: Outline) -> Any:
    """The value with nothing but the fields; a value that has no fields stays as it is."""
    if fields is None or not isinstance(value, Mapping):
        return value
    return {name: prune(value[name], inner) for name, inner in fields.items() if name in value}


def _add(fields: Outline, steps: list[str]) -> Outline:
    if fields is None or not steps:
        return None
    first, *rest = steps
    return {**fields, first: _add(fields.get(first, {}), rest)}
