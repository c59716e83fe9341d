"""Functions that write a table's rows as Avro straight from Postgres's texts: the hot path.

A row that nobody looks into needs no values in Python; making them, and writing them again, would take three times as
long. Nothing of a table enters the source but the number of its columns and names that Avro allows.
"""

from collections.abc import Callable, Sequence
from json.encoder import encode_basestring
from typing import Any

from sources.postgres_cdc import avro, values
from sources.postgres_cdc.change_schema import Column

EncodeRow = Callable[[Sequence[bytes | None]], tuple[bytes, str | None] | None]
"""Takes the texts of a row; returns the row in Avro and the key as JSON (None without a key).

None if a value is one that its type cannot hold: such a row has to be read instead.
"""


def encode_row(columns: Sequence[Column], key: Sequence[str]) -> EncodeRow | None:
    """The function for a table; None if it has a type whose values are only read."""
    lines = ["def encode(texts):"]
    if columns:
        lines.append(f" ({''.join(f'r{number}, ' for number in range(len(columns)))}) = texts")
    for number, column in enumerate(columns):
        written = _value(number, column)
        if written is None:
            return None
        lines += [f" if r{number} is None: p{number}, b{number} = null, empty", " else:"]
        lines += [f"  {line}" for line in written]
    parts = ", ".join([f"p{number}, b{number}" for number in range(len(columns))])
    lines.append(f" return join(({parts})), {_key(columns, key)}")
    names: dict[str, Any] = {f"c{number}": column.kind.convert for number, column in enumerate(columns)}
    names |= {
        "null": avro.NULL,
        "empty": b"",
        "join": b"".join,
        "numbers": avro.NUMBERS,
        "present": avro.present,
        "lengths": avro.LENGTHS,
        "length": avro.length,
        "true": avro.TRUE,
        "false": avro.FALSE,
        "single": avro.SINGLE,
        "double": avro.DOUBLE,
        "unscaled": _unscaled,
        "quoted": _quoted,
        "nil": "null",
    }
    exec("\n".join(lines), names)  # noqa: S102  made of what is said above
    encode: EncodeRow = names["encode"]
    return encode


def _value(number: int, column: Column) -> list[str] | None:
    """Lines that make `p`, what stands before the value, and `b`, its bytes, of the text `r`."""
    p, b, r, convert = f"p{number}", f"b{number}", f"r{number}", column.kind.convert
    if convert is int:
        return [f"n = int({r})", f"{p} = numbers[n << 1] if 0 <= n < 0x2000 else present(n)", f"{b} = empty"]
    if convert is values.boolean:
        return [f"{p} = true if {r} == b't' else false", f"{b} = empty"]
    if convert is values.same:
        return [f"{b} = {r}", f"n = len({r})", f"{p} = lengths[n] if n < 0x2000 else length(n)"]
    if convert is values.real:
        pack = "single" if column.kind.avro == "float" else "double"
        return [f"{p} = {pack}(2, float({r}))", f"{b} = empty"]
    if convert is values.binary:
        return [f"{b} = c{number}({r}.decode())", f"{p} = length(len({b}))"]
    if convert is values.decimal:
        return [
            f"n = unscaled({r}, {int(column.kind.avro['scale'])})",
            "if n is None: return None",
            f"{b} = n.to_bytes((n + (n < 0)).bit_length() // 8 + 1, 'big', signed=True)",
            f"{p} = lengths[len({b})]",
        ]
    if convert in (values.timestamptz, values.timestamp, values.days, values.time):
        return [f"n = c{number}({r}.decode())", "if n is None: return None", f"{p} = present(n)", f"{b} = empty"]
    return None


def _unscaled(text: bytes, scale: int) -> int | None:
    """The digits of a number that has as many behind its point; None for NaN, infinity, and any other."""
    if text[-1] > ord("9"):
        return None
    point = text.find(b".")
    if (0 if point < 0 else len(text) - point - 1) != scale:
        return None
    return int(text.replace(b".", b""))


def _key(columns: Sequence[Column], key: Sequence[str]) -> str:
    """An f-string of canonical JSON, the same as that of rows that are read."""
    if not key:
        return "None"
    by_field = {column.field: (number, column) for number, column in enumerate(columns)}
    parts = []
    for field in sorted(key):
        number, column = by_field[field]
        text = f"{{int(r{number}) if r{number} else nil}}" if column.kind.convert is int else f"{{quoted(r{number})}}"
        parts.append(f'"{field}":{text}')
    return "f'{{" + ",".join(parts) + "}}'"


def _quoted(text: bytes | None) -> str:
    return "null" if text is None else encode_basestring(text.decode())
