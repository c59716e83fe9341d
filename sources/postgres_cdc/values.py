"""From the text of a Postgres value to the value of its Avro type.

None means that the Avro type cannot hold the value, such as `infinity` or a year before Christ.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = _EPOCH.replace(tzinfo=None)
_FIRST_DAY = date(1970, 1, 1).toordinal()
_DAY_SECONDS = 86_400
_MICROSECONDS = 1_000_000
_MAX_HOUR = "23"
_YEAR_DIGITS = 4

_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Convert(Protocol):
    """Makes a value of a text."""

    def __call__(self, text: str, /) -> Any: ...  # noqa: D102


def timestamptz(text: str) -> int | None:
    """Microseconds since 1970 in UTC, which is the zone that the connections ask for."""
    try:
        since = datetime.fromisoformat(text) - _EPOCH
    except (ValueError, TypeError):
        return None
    if text[_YEAR_DIGITS] != "-":
        return None
    return (since.days * _DAY_SECONDS + since.seconds) * _MICROSECONDS + since.microseconds


def timestamp(text: str) -> int | None:
    """Microseconds since 1970, without a zone."""
    try:
        since = datetime.fromisoformat(text) - _LOCAL_EPOCH
    except (ValueError, TypeError):
        return None
    if text[_YEAR_DIGITS] != "-":
        return None
    return (since.days * _DAY_SECONDS + since.seconds) * _MICROSECONDS + since.microseconds


def days(text: str) -> int | None:
    """Days since 1970."""
    try:
        return date.fromisoformat(text).toordinal() - _FIRST_DAY if text[_YEAR_DIGITS] == "-" else None
    except ValueError:
        return None


def time(text: str) -> int | None:
    """Microseconds since midnight; Postgres's 24:00:00 is none of the day."""
    if text[:2] > _MAX_HOUR:
        return None
    seconds = (int(text[:2]) * 60 + int(text[3:5])) * 60 + int(text[6:8])
    return seconds * _MICROSECONDS + int(text[9:].ljust(6, "0"))


def decimal(text: str) -> Decimal | None:
    """The number; not NaN or infinity, which end with a letter."""
    return Decimal(text) if text[-1] <= "9" else None


def real(text: str) -> float:
    """A floating point number, infinity and NaN among them."""
    return float(text)


def boolean(text: str) -> bool:
    """`t` or `f`."""
    return text == "t"


def binary(text: str) -> bytes:
    r"""The bytes of `\x…`."""
    return bytes.fromhex(text[2:])


def array(item: Convert) -> Convert:
    """The conversion of one-dimensional arrays. Those with more dimensions, or other bounds than 1, are None."""

    def convert(text: str) -> list[Any] | None:
        if text[0] != "{" or "{" in _ITEM.sub("", text[1:]):
            return None
        return [
            item(_ESCAPE.sub(r"\1", quoted) if "\\" in quoted else quoted)
            if not plain
            else None
            if plain == "NULL"
            else item(plain)
            for quoted, plain in _ITEM.findall(text[1:-1])
        ]

    return convert


def same(text: str) -> str:
    """The text itself."""
    return text
