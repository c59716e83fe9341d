"""Functions that read a table's rows, written for its columns: the hot path.

A loop over the columns, with a decision for each, would take three times as long. Nothing of a table enters the source
but the number of its columns and names that Avro allows.
"""

import struct
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring
from typing import Any

from sources.postgres_cdc import values
from sources.postgres_cdc.change_schema import Column

Row = dict[str, Any]
Unchanged = list[str]
Texts = dict[str, str]

ReadTuple = Callable[[bytes, int], tuple[Row, Unchanged, Texts, str | None, int]]
"""Takes a message and where a tuple's first column begins in it.

Returns the row, the fields that are unchanged (TOAST), the texts of values that their types cannot hold, the key as
JSON (None without a key), and the position after the tuple.
"""
ReadLine = Callable[[Sequence[str | None]], tuple[Row, Texts, str | None]]
"""Takes the texts of a row; returns the row, the texts of values that their types cannot hold, and the key as JSON."""

NOTHING_UNCHANGED: Unchanged = []
NO_TEXTS: Texts = {}
_PLAIN = (int, values.real, values.boolean, values.same, values.binary)
"""Conversions that hold every value of their type."""


def read_tuple(columns: Sequence[Column], key: Sequence[str]) -> ReadTuple:
    """The function for the tuples of pgoutput.

    https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
    """
    lines = ["def read(m, at):", " un = nothing", " tx = none"]
    for number, column in enumerate(columns):
        value, raw = f"v{number}", f"r{number}"
        lines += [
            " k = m[at]",
            " if k == 116:",
            "  at += 5",
            "  e = at + u4(m, at - 4)[0]",
            *[f"  {line}" for line in _read_bytes(number, column, column.field in key)],
            "  at = e",
            " else:",
            f"  {value} = {raw} = None",
            "  at += 1",
            f"  if k == 117: un = [*un, {column.field!r}]",
        ]
    lines.append(f" return {_row(columns)}, un, tx, {_key(columns, key)}, at")
    read: ReadTuple = _define(lines, columns)
    return read


def read_line(columns: Sequence[Column], key: Sequence[str]) -> ReadLine:
    """The function for the lines of COPY."""
    lines = ["def read(texts):", " tx = none"]
    if columns:
        lines.append(f" ({''.join(f'r{number}, ' for number in range(len(columns)))}) = texts")
    for number, column in enumerate(columns):
        value, raw, convert = f"v{number}", f"r{number}", column.kind.convert
        if convert is values.same:
            lines.append(f" {value} = {raw}")
        elif convert is values.boolean:
            lines.append(f" {value} = None if {raw} is None else {raw} == 't'")
        else:
            lines.append(f" {value} = None if {raw} is None else c{number}({raw})")
        if convert not in _PLAIN:
            lines.append(f" if {value} is None and {raw} is not None: tx = {{**tx, {column.field!r}: {raw}}}")
    lines.append(f" return {_row(columns)}, tx, {_key(columns, key)}")
    read: ReadLine = _define(lines, columns)
    return read


def _read_bytes(number: int, column: Column, in_key: bool) -> list[str]:
    """Lines that read the value between `at` and `e`."""
    value, raw, convert = f"v{number}", f"r{number}", column.kind.convert
    if convert is int:
        return [f"{value} = {raw} = int(m[at:e])"]
    if convert is values.boolean:
        return [f"{value} = m[at] == 116", *([f"{raw} = 't' if {value} else 'f'"] if in_key else [])]
    if convert is values.same:
        return [f"{value} = {raw} = m[at:e].decode()"]
    if convert is values.real and not in_key:
        return [f"{value} = float(m[at:e])"]
    lines = [f"{raw} = m[at:e].decode()", f"{value} = c{number}({raw})"]
    if convert not in _PLAIN:
        lines.append(f"if {value} is None: tx = {{**tx, {column.field!r}: {raw}}}")
    return lines


def _row(columns: Sequence[Column]) -> str:
    return "{" + ", ".join([f"{column.field!r}: v{number}" for number, column in enumerate(columns)]) + "}"


def _key(columns: Sequence[Column], key: Sequence[str]) -> str:
    """An f-string of canonical JSON: sorted names, no spaces; integers as numbers, all else as Postgres's text."""
    if not key:
        return "None"
    by_field = {column.field: (number, column) for number, column in enumerate(columns)}
    parts = []
    for field in sorted(key):
        number, column = by_field[field]
        text = f"{{whole(r{number})}}" if column.kind.convert is int else f"{{quoted(r{number})}}"
        parts.append(f'"{field}":{text}')
    return "f'{{" + ",".join(parts) + "}}'"


def _whole(value: int | str | None) -> int | str:
    return "null" if value is None else value


def _quoted(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)


def _define(lines: Sequence[str], columns: Sequence[Column]) -> Any:
    names: dict[str, Any] = {f"c{number}": column.kind.convert for number, column in enumerate(columns)}
    names |= {
        "u4": struct.Struct("!I").unpack_from,
        "nothing": NOTHING_UNCHANGED,
        "none": NO_TEXTS,
        "quoted": _quoted,
        "whole": _whole,
    }
    exec("\n".join(lines), names)  # noqa: S102  made of what is said above
    return names["read"]
