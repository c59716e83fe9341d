"""Writing Avro values with functions that are made for their schemas.

fastavro looks at each value of a union to tell which branch it is, down to the last field of a row, which takes ten
times as long as writing it. What is made here writes the types that rows are made of; for any other there is fastavro
(https://avro.apache.org/docs/1.12.0/specification/#binary-encoding).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from struct import Struct
from typing import Any

from router.envelope.reading import UnsupportedTypeError, indented
from router.envelope.varint import PAIRS, SHORT

Write = Callable[[Any, bytearray], None]
"""Takes a value and what it is appended to.

Raises TypeError, ValueError, OverflowError, AttributeError, KeyError or struct.error if it is none of the schema.
"""

_FLAT = 2
_EXACT = Context(prec=1_500)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = _EPOCH.replace(tzinfo=None)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MICROSECOND, _MILLISECOND = timedelta(microseconds=1), timedelta(milliseconds=1)
_NUMBER = (
    "n = {0} << 1 if {0} >= 0 else ~({0} << 1)",
    "if n > 0x3FFF:",
    " while n > 0x3FFF: out += pairs[n & 0x3FFF]; n >>= 14",
    "out += short[n]",
)
_IS_INTEGER = "if type({0}) is not int: raise TypeError"
_LONG = ("if not -0x8000000000000000 <= {0} <= 0x7FFFFFFFFFFFFFFF: raise OverflowError", *_NUMBER)
_INT = ("if not -0x80000000 <= {0} <= 0x7FFFFFFF: raise OverflowError", *_NUMBER)
_LENGTH = (
    "n = len({0}) << 1",
    "while n > 0x3FFF: out += pairs[n & 0x3FFF]; n >>= 14",
    "out += short[n]",
)
_BYTES = ("if not isinstance({0}, bytes): raise TypeError", *_LENGTH, "out += {0}")
_STRING = ("{0} = {0}.encode()", *_LENGTH, "out += {0}")
_LINES: Mapping[str, Sequence[str]] = {
    "null": ("if {0} is not None: raise TypeError",),
    "boolean": ("if {0} is not True and {0} is not False: raise TypeError", "out.append({0})"),
    "int": (_IS_INTEGER, *_INT),
    "long": (_IS_INTEGER, *_LONG),
    "float": ("out += float_({0})",),
    "double": ("out += double({0})",),
    "bytes": _BYTES,
    "string": _STRING,
    "long timestamp-micros": ("if type({0}) is not int: {0} = ({0} - epoch) // microsecond", *_LONG),
    "long timestamp-millis": ("if type({0}) is not int: {0} = ({0} - epoch) // millisecond", *_LONG),
    "long local-timestamp-micros": ("if type({0}) is not int: {0} = ({0} - local_epoch) // microsecond", *_LONG),
    "long local-timestamp-millis": ("if type({0}) is not int: {0} = ({0} - local_epoch) // millisecond", *_LONG),
    "int date": ("if type({0}) is not int: {0} = {0}.toordinal() - epoch_ordinal", *_INT),
    "long time-micros": ("if type({0}) is not int: {0} = time_of_day({0})", *_LONG),
    "int time-millis": ("if type({0}) is not int: {0} = time_of_day({0}) // 1000", *_INT),
    "string uuid": ("if type({0}) is not str: {0} = str({0})", *_STRING),
}
"""What writes the value of a variable, by type and logical type; a logical type takes its plain number, too."""


def compile_write(schema: Any) -> Write:
    """The function that writes values of an admitted schema (see `schema.admit`). Raises UnsupportedTypeError."""
    functions = _Functions()
    lines = ["def write(value, out):", *indented(functions.statements(schema, "value", None))]
    write: Write = functions.compiled(lines)["write"]
    return write


class _Functions:
    """The source of the functions that write a schema's records.

    Nothing of a schema but kinds, numbers, and names that `admit` has found to be identifiers, enters it.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._named: dict[str, str] = {}
        self._defaults: dict[str, Any] = {}
        self._count = 0

    def statements(self, schema: Any, source: str, namespace: str | None) -> list[str]:
        """The lines that write the value of the variable. Raises UnsupportedTypeError."""
        if isinstance(schema, list):
            return self._optional(schema, source, namespace)
        kind = schema if isinstance(schema, str) else schema["type"]
        if isinstance(kind, dict | list):
            return self.statements(kind, source, namespace)
        if kind == "record":
            return [f"{self._record(schema, namespace)}({source}, out)"]
        if kind in ("array", "map"):
            return self._many(schema, source, namespace)
        if isinstance(schema, str) and kind not in _LINES:
            return [f"{self._reference(kind, namespace)}({source}, out)"]
        logical = "" if isinstance(schema, str) else schema.get("logicalType", "")
        if (kind, logical) == ("bytes", "decimal"):
            digits, scale = int(schema["precision"]), int(schema.get("scale", 0))
            lines: Sequence[str] = (f"{{0}} = decimal({{0}}, {digits}, {scale})", *_BYTES)
        else:
            lines = _LINES.get(f"{kind} {logical}".rstrip()) or _LINES.get(kind, ())
        if not lines:
            raise UnsupportedTypeError
        return [line.format(source) for line in lines]

    def compiled(self, lines: Sequence[str]) -> dict[str, Any]:
        """What the lines define, which may call the functions made so far."""
        names: dict[str, Any] = {"short": SHORT, "pairs": PAIRS, "decimal": _decimal, "time_of_day": _time_of_day}
        names |= {"float_": Struct("<f").pack, "double": Struct("<d").pack, "epoch_ordinal": _EPOCH_ORDINAL}
        names |= {"epoch": _EPOCH, "local_epoch": _LOCAL_EPOCH}
        names |= {"microsecond": _MICROSECOND, "millisecond": _MILLISECOND, **self._defaults}
        exec("\n".join([*self._lines, *lines]), names)  # noqa: S102  made of what is said above
        return names

    def _optional(self, branches: Sequence[Any], source: str, namespace: str | None) -> list[str]:
        if len(branches) != _FLAT or branches.count("null") != 1:
            raise UnsupportedTypeError
        null = branches.index("null")
        present = self.statements(branches[1 - null], source, namespace)
        return [
            f"if {source} is None: out.append({null << 1})",
            "else:",
            *indented([f"out.append({(1 - null) << 1})", *present]),
        ]

    def _many(self, schema: Mapping[str, Any], source: str, namespace: str | None) -> list[str]:
        """One block of all items, and the empty one that ends them."""
        is_map = schema["type"] == "map"
        number = self._count
        self._count += 1
        item, key = f"i{number}", f"k{number}"
        lines = self.statements(schema["values" if is_map else "items"], item, namespace)
        if is_map:
            lines = [*[line.format(key) for line in _STRING], *lines]
        each = f"for {key}, {item} in {source}.items():" if is_map else f"for {item} in {source}:"
        kinds = "dict" if is_map else "(list, tuple)"
        return [
            f"if not isinstance({source}, {kinds}): raise TypeError",
            f"if {source}:",
            *indented([line.format(source) for line in _LENGTH]),
            *indented([each, *indented(lines)]),
            "out.append(0)",
        ]

    def _record(self, schema: Mapping[str, Any], namespace: str | None) -> str:
        full = (
            schema["name"] if "." in schema["name"] else f"{schema.get('namespace', namespace) or ''}.{schema['name']}"
        )
        inner = full.rpartition(".")[0]
        lines = []
        for field in schema["fields"]:
            lines.append(f"value = {self._taken(field)}")
            lines += self.statements(field["type"], "value", inner)
        function = f"write_{self._count}"
        self._count += 1
        self._lines += [f"def {function}(record, out):", *indented(lines or ["pass"])]
        self._named[full.lstrip(".")] = function
        return function

    def _reference(self, name: str, namespace: str | None) -> str:
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        if full not in self._named:
            raise UnsupportedTypeError
        return self._named[full]

    def _taken(self, field: Mapping[str, Any]) -> str:
        """How the field is taken out of a record: a field with a default, or that may be null, may be missing."""
        if "default" in field:
            default = f"d{len(self._defaults)}"
            self._defaults[default] = field["default"]
            return f"record.get({field['name']!r}, {default})"
        if isinstance(field["type"], list) and "null" in field["type"]:
            return f"record.get({field['name']!r})"
        return f"record[{field['name']!r}]"


def _decimal(value: Decimal | bytes, digits: int, scale: int) -> bytes:
    """The unscaled number in two's complement, as few bytes as hold it."""
    if isinstance(value, bytes):
        return value
    _, figures, exponent = value.as_tuple()
    if not isinstance(exponent, int) or exponent < -scale or len(figures) + exponent + scale > digits:
        raise ValueError
    unscaled = int(value.scaleb(scale, _EXACT))
    return unscaled.to_bytes((unscaled + (unscaled < 0)).bit_length() // 8 + 1, "big", signed=True)


def _time_of_day(value: time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
