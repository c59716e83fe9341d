"""Single values as the strings of a flat map, by the types that a setting may have."""

import json
import re
from collections.abc import Collection
from enum import Enum
from types import NoneType
from typing import Any, Literal, get_args, get_origin

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False}
_LONGEST_NUMBER = 400
"""Characters; nothing that is configured is longer, and Python refuses to read what is much longer."""


def to_text(kinds: Collection[Any], value: Any) -> str:
    """The value as a string that `from_text` turns back."""
    if isinstance(value, str):
        # Quoted where it would otherwise be read as something else.
        return value if _read(kinds, value) == value else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def from_text(kinds: Collection[Any], text: str) -> Any:
    """What the string means where these types are expected; itself where it means none of them."""
    return _read(kinds, text)


def is_any(kinds: Collection[Any]) -> bool:
    """Whether every JSON value is allowed."""
    return Any in kinds


def _read(kinds: Collection[Any], text: str) -> Any:
    if is_any(kinds):
        return _json(text)
    plain = {kind for declared in kinds for kind in _plain_types(declared)}
    if bool in plain and text in _WORDS:
        return _WORDS[text]
    if plain & {int, float} and len(text) <= _LONGEST_NUMBER:
        if _INTEGER.fullmatch(text):
            return int(text)
        if float in plain and _NUMBER.fullmatch(text):
            return json.loads(text)
    # Where a number may stand too, quotes tell a string from it.
    if plain & {int, float, bool} and text.startswith('"'):
        quoted = _json(text)
        return quoted if isinstance(quoted, str) else text
    return text


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(_constant: str) -> Any:
    raise ValueError


def _plain_types(kind: Any) -> set[type]:
    """The JSON types that a declared one is written as; everything but numbers and booleans is a string."""
    if kind is NoneType:
        return set()
    if get_origin(kind) is Literal:
        return {type(value) for value in get_args(kind)}
    if kind in (bool, int, float):
        return {kind}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {type(member.value) for member in kind}
    return {str}
