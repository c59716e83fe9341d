"""JSON whose numbers keep the digits that they were written with."""

import json
from hashlib import blake2b
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, Self

_MAX_INTEGER_CHARACTERS = 4000
_ID_BYTES = 16


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


def parse(body: bytes) -> Any:
    """The document. Raises ValueError if it is not JSON in UTF-8, or nested too deeply."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_int=_integer, parse_float=Exact, parse_constant=_refuse)
    except RecursionError:
        message = "nested too deeply"
        raise ValueError(message) from None


def to_bytes(value: Any) -> bytes:
    """The JSON text of a value, compact, its keys in their order. Raises ValueError if it is nested too deeply."""
    try:
        return _text(value, encode_basestring).encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, which JSON can escape and UTF-8 cannot hold.
        return _text(value, encode_basestring_ascii).encode()
    except RecursionError:
        message = "nested too deeply"
        raise ValueError(message) from None


def plain_text(value: Any) -> str | None:
    """The text of a string, a number as it was written, or a boolean; None of anything else."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Exact):
        return value.text
    return str(value) if isinstance(value, int | float) else None


def digest(data: bytes) -> str:
    """A short name of the bytes."""
    return blake2b(data, digest_size=_ID_BYTES).hexdigest()


def _integer(text: str) -> int | Exact:
    return Exact(text) if text == "-0" or len(text) > _MAX_INTEGER_CHARACTERS else int(text)


def _refuse(constant: str) -> Any:
    message = f"{constant} is not JSON"
    raise ValueError(message)


def _text(value: Any, quote: Any) -> str:
    if isinstance(value, str):
        return str(quote(value))
    if isinstance(value, Exact):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join([f"{quote(key)}:{_text(item, quote)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_text(item, quote) for item in value]) + "]"
    return json.dumps(value)
