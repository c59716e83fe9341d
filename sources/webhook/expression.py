"""Attributes that are computed from a request, with JMESPath: https://jmespath.org/specification.html."""

import json
from typing import Any, Self

import jmespath  # type: ignore[import-untyped]
from jmespath import functions
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

_MAX_INTEGER_DIGITS = 4000
"""More than so many Python does not read."""


class Exact(float):
    """A number that also knows its text, such as `1.10` or more digits than a float has."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:  # noqa: D102  see the class
        number = super().__new__(cls, text)
        number.text = text
        return number


# JMESPath's functions look at the name of a value's class, and take nothing else for a number.
Exact.__name__ = "float"


class _Functions(functions.Functions):  # type: ignore[misc]  # without types
    """JMESPath's own, but numbers become texts as they are written."""

    @functions.signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_to_string(self, value: Any) -> Any:
        return value.text if isinstance(value, Exact) else super()._func_to_string(value)


class Expression:
    """A compiled expression."""

    __slots__ = ("_compiled", "_options")

    def __init__(self, text: str) -> None:
        """Raises ValueError if it is not JMESPath."""
        try:
            self._compiled = jmespath.compile(text)
        except (JMESPathError, RecursionError):
            # Without the cause, which repeats the whole expression over several lines.
            message = "expression_invalid: is not a JMESPath expression"
            raise ValueError(message) from None
        self._options = jmespath.Options(custom_functions=_Functions())

    def text(self, document: Any) -> str | None:
        """What it finds, as text; None if that is not a text, a number or a boolean, or if it cannot be applied."""
        try:
            return plain_text(self._compiled.search(document, self._options))
        except (JMESPathError, TypeError, ValueError, AttributeError, RecursionError, OverflowError):
            # JMESPath lets errors of Python out where a function meets a value that it was not made for.
            return None


def plain_text(value: Any) -> str | None:
    """The text of a string, of a number as it is written, or of a boolean; None of anything else."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Exact):
        return value.text
    return str(value) if isinstance(value, int | float) else None


def exact(body: bytes) -> Any:
    """The JSON document with its numbers as they are written; None if it is none, or nested too deeply."""
    try:
        return json.loads(body.decode(), parse_int=_integer, parse_float=Exact, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _integer(text: str) -> int | Exact:
    return Exact(text) if text == "-0" or len(text) > _MAX_INTEGER_DIGITS else int(text)


def _refuse(constant: str) -> Any:
    message = f"{constant} is not JSON"
    raise ValueError(message)
