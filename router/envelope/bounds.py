"""Check the bytes of an Avro value against its schema before a decoder may touch them.

fastavro trusts its input: it takes negative union and enum indexes (Python's negative indexing), bytes left over,
overlong varints, and allocates what a block count says. Here each schema becomes a function that walks a value
without building it (https://avro.apache.org/docs/1.12.0/specification/#binary-encoding).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from router.api import ConnectorError, Reason

Walk = Callable[[bytes, int], int]
"""Takes the bytes and a position; returns the position after the value. Raises IndexError where bytes run out."""

_CONTINUES = 0x80
_MAX_VARINT_BYTES = 10


def compile_walk(schema: Any) -> Walk:
    """The walk for an admitted schema (see `schema.admit`)."""
    return _compile(schema, None, {})


def check(walk: Walk, value: bytes, start: int) -> None:
    """Raise ConnectorError (AVRO_DECODE, AVRO_TRAILING) unless `value` from `start` on is exactly one value."""
    try:
        end = walk(value, start)
    except IndexError:
        raise ConnectorError(Reason.AVRO_DECODE, "The value ends before its schema does.") from None
    check_end(value, end)


def check_end(value: bytes, end: int) -> None:
    """Raise ConnectorError (AVRO_DECODE, AVRO_TRAILING) unless what was read ends where the value does."""
    if end > len(value):
        raise ConnectorError(Reason.AVRO_DECODE, "A length in the value points past its end.")
    if end < len(value):
        raise ConnectorError(Reason.AVRO_TRAILING, f"{len(value) - end} bytes are left over after the value.")


def long(value: bytes, at: int) -> tuple[int, int]:
    """A zigzag varint and the position after it. Raises ConnectorError (AVRO_DECODE), IndexError."""
    byte = value[at]
    if byte < _CONTINUES:
        return (byte >> 1) ^ -(byte & 1), at + 1
    eight = int.from_bytes(value[at : at + 8], "little")
    if eight & 0x8080808080808080 == 0x0080808080808080:  # noqa: PLR2004  each byte but the last goes on
        # Microseconds of our time take eight bytes: their groups of seven bits are put together two by two.
        result = eight & 0x007F007F007F007F | (eight & 0x7F007F007F007F00) >> 1
        result = result & 0x00003FFF00003FFF | (result & 0x3FFF00003FFF0000) >> 2
        result = result & 0x000000000FFFFFFF | (result & 0x0FFFFFFF00000000) >> 4
        return (result >> 1) ^ -(result & 1), at + 8
    result = byte & 0x7F
    shift = 7
    for position in range(at + 1, at + _MAX_VARINT_BYTES):
        byte = value[position]
        result |= (byte & 0x7F) << shift
        if byte < _CONTINUES:
            if result >= 1 << 64:
                break
            return (result >> 1) ^ -(result & 1), position + 1
        shift += 7
    raise ConnectorError(Reason.AVRO_DECODE, "A number in the value is longer than 64 bits.")


def _walk_long(value: bytes, at: int) -> int:
    return at + 1 if value[at] < _CONTINUES else long(value, at)[1]


def _walk_int(value: bytes, at: int) -> int:
    number, end = long(value, at)
    if not -(1 << 31) <= number < 1 << 31:
        raise ConnectorError(Reason.AVRO_DECODE, "An int in the value is longer than 32 bits.")
    return end


def _walk_bytes(value: bytes, at: int) -> int:
    length = value[at]
    if length < _CONTINUES:
        if length & 1:
            raise _negative()
        return at + 1 + (length >> 1)
    number, at = long(value, at)
    if number < 0:
        raise _negative()
    return at + number


def _walk_boolean(value: bytes, at: int) -> int:
    if value[at] > 1:
        raise ConnectorError(Reason.AVRO_DECODE, "A boolean in the value is neither 0 nor 1.")
    return at + 1


_WALKS: dict[str, Walk] = {
    "null": lambda _value, at: at,
    "boolean": _walk_boolean,
    "int": _walk_int,
    "long": _walk_long,
    "float": lambda _value, at: at + 4,
    "double": lambda _value, at: at + 8,
    "bytes": _walk_bytes,
    "string": _walk_bytes,
}


def _compile(schema: Any, namespace: str | None, named: dict[str, Walk]) -> Walk:
    if isinstance(schema, str):
        if schema in _WALKS:
            return _WALKS[schema]
        return named[schema if "." in schema or not namespace else f"{namespace}.{schema}"]
    if isinstance(schema, list):
        return _union([_compile(branch, namespace, named) for branch in schema])
    kind = schema["type"]
    if kind == "array":
        return _blocks(_compile(schema["items"], namespace, named))
    if kind == "map":
        return _blocks(_sequence(_walk_bytes, _compile(schema["values"], namespace, named)))
    if kind in ("record", "error", "enum", "fixed"):
        return _named(schema, namespace, named)
    return _compile(kind, namespace, named)


def _named(schema: Mapping[str, Any], namespace: str | None, named: dict[str, Walk]) -> Walk:
    space = schema.get("namespace", namespace)
    full = schema["name"] if "." in schema["name"] or not space else f"{space}.{schema['name']}"
    if schema["type"] == "enum":
        walk = _enum(len(schema["symbols"]))
    elif schema["type"] == "fixed":
        walk = _fixed(int(schema["size"]))
    else:
        inner = full.rpartition(".")[0] or None
        types = [field["type"] for field in schema["fields"]]
        walk = _record(types, [_compile(kind, inner, named) for kind in types])
    named[full] = walk
    return walk


_INLINE = {
    "string": "b = v[at]; at = at + 1 + (b >> 1) if not b & 0x81 else walk_bytes(v, at)",
    "bytes": "b = v[at]; at = at + 1 + (b >> 1) if not b & 0x81 else walk_bytes(v, at)",
    "long": "at = at + 1 if v[at] < 0x80 else walk_long(v, at)",
}


def _record(types: Sequence[Any], walks: Sequence[Walk]) -> Walk:
    """The fields of a record one after the other, as one function with the frequent types written out.

    A call for each field would take three times as long, and this is walked for every event. Nothing of the schema
    but the kinds and the number of its fields enters the source.
    """
    lines = ["def walk(v, at):"]
    for index, schema in enumerate(types):
        if isinstance(schema, str) and schema in _INLINE:
            lines.append(f" {_INLINE[schema]}")
        elif isinstance(schema, list) and len(schema) == 2 and schema[0] == "null" and _plain(schema[1]):  # noqa: PLR2004
            lines += [
                " b = v[at]; at += 1",
                " if b == 2:",
                f"  {_INLINE[_plain(schema[1])]}",
                " elif b: raise outside()",
            ]
        else:
            lines.append(f" at = walks[{index}](v, at)")
    lines.append(" return at")
    names: dict[str, Any] = {
        "walks": tuple(walks),
        "walk_bytes": _walk_bytes,
        "walk_long": _walk_long,
        "outside": outside,
    }
    exec("\n".join(lines), names)  # noqa: S102  made of the constants above
    walk: Walk = names["walk"]
    return walk


def _plain(schema: Any) -> str:
    """The name of the inlined type that a schema comes down to, or nothing."""
    kind = schema.get("type") if isinstance(schema, dict) else schema
    return kind if isinstance(kind, str) and kind in _INLINE else ""


def _sequence(first: Walk, second: Walk) -> Walk:
    return lambda value, at: second(value, first(value, at))


def _union(walks: list[Walk]) -> Walk:
    branches = tuple(walks)
    limit = len(branches)

    def walk(value: bytes, at: int) -> int:
        index = value[at]
        if index & 1 or index >= _CONTINUES or index >> 1 >= limit:
            raise outside()
        return branches[index >> 1](value, at + 1)

    return walk if limit <= _CONTINUES >> 1 else _wide_union(branches)


def _wide_union(branches: tuple[Walk, ...]) -> Walk:
    def walk(value: bytes, at: int) -> int:
        index, at = long(value, at)
        if not 0 <= index < len(branches):
            raise outside()
        return branches[index](value, at)

    return walk


def _enum(symbols: int) -> Walk:
    def walk(value: bytes, at: int) -> int:
        index, at = long(value, at)
        if not 0 <= index < symbols:
            raise ConnectorError(Reason.AVRO_DECODE, "An enum index in the value is out of range.")
        return at

    return walk


def _fixed(size: int) -> Walk:
    return lambda _value, at: at + size


def _blocks(item: Walk) -> Walk:
    def walk(value: bytes, at: int) -> int:
        while True:
            count, at = long(value, at)
            if count == 0:
                return at
            if count < 0:
                count = -count
                _, at = long(value, at)
            if count > len(value) - at:
                raise ConnectorError(Reason.AVRO_LIMIT, "A block in the value claims more items than it has bytes.")
            for _ in range(count):
                at = item(value, at)

    return walk


def outside() -> ConnectorError:
    """An index of a union that has no such branch."""
    return ConnectorError(Reason.AVRO_DECODE, "A union index in the value is out of range.")


def _negative() -> ConnectorError:
    return ConnectorError(Reason.AVRO_DECODE, "A length in the value is negative.")
