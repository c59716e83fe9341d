"""Reading Avro values with functions that are made for their schemas, and check each byte on the way.

fastavro takes three times as long for a row, and must not see bytes that nobody has checked (see `bounds`). What is
made here reads the types that rows are made of; for any other there is fastavro behind the check
(https://avro.apache.org/docs/1.12.0/specification/#binary-encoding).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from struct import Struct
from typing import Any

from router.api import ConnectorError, Reason
from router.envelope.bounds import long, outside

Read = Callable[[bytes, int], tuple[Any, int]]
"""Takes the bytes and a position; returns the value and the position after it, which may be past the end.

Raises ConnectorError (AVRO_DECODE), or IndexError, ValueError, OverflowError or struct.error where the bytes make no
sense.
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_FLAT = 2
_LENGTH = ("n = v[at]; at += 1", "if n & 0x81: n, at = length(v, at - 1)", "else: n >>= 1", "end = at + n")
_NUMBER = ("n = v[at]; at += 1", "if n & 0x80: n, at = long(v, at - 1)", "else: n = (n >> 1) ^ -(n & 1)")
_LINES: Mapping[str, Sequence[str]] = {
    "null": ("{} = None",),
    "boolean": ("n = v[at]; at += 1", "if n > 1: raise boolean()", "{} = n == 1"),
    "int": (*_NUMBER, "if not -0x80000000 <= n <= 0x7FFFFFFF: raise integer()", "{} = n"),
    "long": (*_NUMBER, "{} = n"),
    "float": ("{} = float_(v, at)[0]; at += 4",),
    "double": ("{} = double(v, at)[0]; at += 8",),
    "bytes": (*_LENGTH, "{} = v[at:end]; at = end"),
    "string": (*_LENGTH, "{} = v[at:end].decode(); at = end"),
    "long timestamp-micros": (*_NUMBER, "{} = epoch + interval(0, 0, n)"),
    "long timestamp-millis": (*_NUMBER, "{} = epoch + interval(0, 0, n * 1000)"),
    "int date": (*_NUMBER, "{} = day(n + epoch_ordinal)"),
}
"""What reads a value into a variable, by type and logical type, as fastavro would."""


class UnsupportedTypeError(Exception):
    """The schema has a type that no function is made for."""


def compile_read(schema: Any) -> Read:
    """The function that reads values of an admitted schema (see `schema.admit`). Raises UnsupportedTypeError."""
    functions = Functions()
    lines = ["def read(v, at):", *indented(functions.statements(schema, "value")), " return value, at"]
    read: Read = functions.compiled(lines)["read"]
    return read


def indented(lines: Sequence[str]) -> list[str]:
    """The lines one step to the right."""
    return [f" {line}" for line in lines]


class Functions:
    """The source of the functions that read a schema's records.

    Nothing of a schema but kinds, and names that `admit` has found to be identifiers, enters it.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._count = 0

    def statements(self, schema: Any, target: str) -> list[str]:
        """The lines that read a value into the variable. Raises UnsupportedTypeError."""
        if isinstance(schema, list):
            return self._optional(schema, target)
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind == "record":
            return [f"{target}, at = {self._record(schema)}(v, at)"]
        if isinstance(kind, dict | list):
            return self.statements(kind, target)
        logical = "" if isinstance(schema, str) else schema.get("logicalType", "")
        lines = _LINES.get(f"{kind} {logical}".rstrip())
        if lines is None:
            raise UnsupportedTypeError
        return [line.format(target) for line in lines]

    def compiled(self, lines: Sequence[str]) -> dict[str, Any]:
        """What the lines define, which may call the functions made so far."""
        names: dict[str, Any] = {"long": long, "length": _length, "outside": outside, "boolean": _boolean}
        names |= {"integer": _integer, "float_": Struct("<f").unpack_from, "double": Struct("<d").unpack_from}
        names |= {"epoch": _EPOCH, "interval": timedelta, "day": date.fromordinal, "epoch_ordinal": _EPOCH_ORDINAL}
        exec("\n".join([*self._lines, *lines]), names)  # noqa: S102  made of the constants above
        return names

    def _optional(self, branches: Sequence[Any], target: str) -> list[str]:
        if len(branches) != _FLAT or branches[0] != "null":
            raise UnsupportedTypeError
        present = indented(self.statements(branches[1], target))
        return ["n = v[at]; at += 1", "if n == 2:", *present, "elif n: raise outside()", f"else: {target} = None"]

    def _record(self, schema: Mapping[str, Any]) -> str:
        lines, names = [], []
        for index, field in enumerate(schema["fields"]):
            lines += self.statements(field["type"], f"f{index}")
            names.append(f"{field['name']!r}: f{index}")
        function = f"read_{self._count}"
        self._count += 1
        self._lines += [f"def {function}(v, at):", *indented(lines), f" return {{{', '.join(names)}}}, at"]
        return function


def _length(value: bytes, at: int) -> tuple[int, int]:
    number, at = long(value, at)
    if number < 0:
        raise ConnectorError(Reason.AVRO_DECODE, "A length in the value is negative.")
    return number, at


def _boolean() -> ConnectorError:
    return ConnectorError(Reason.AVRO_DECODE, "A boolean in the value is neither 0 nor 1.")


def _integer() -> ConnectorError:
    return ConnectorError(Reason.AVRO_DECODE, "An int in the value is longer than 32 bits.")
