"""The envelope's attributes, which stand before `data` in every envelope, as Avro bytes and back.

fastavro takes any schema and spends its time on telling what it has got; these twelve fields are always the same, and
written and read for every event (https://avro.apache.org/docs/1.12.0/specification/#binary-encoding).
"""

from collections.abc import Callable, Mapping
from typing import Any

from router.envelope.reading import Functions, Read, indented

FIELDS: Mapping[str, Any] = {
    "id": "string",
    "source": "string",
    "type": "string",
    "subject": ["null", "string"],
    "time": ["null", "long"],
    "datacontenttype": ["null", "string"],
    "dataschema": ["null", "string"],
    "tenant": ["null", "string"],
    "idempotency_key": "string",
    "traceparent": ["null", "string"],
    "ingested_at": "long",
    "connector": "string",
}
"""The attributes' types in the order of the schema, times as microseconds since the epoch."""

Write = Callable[[Mapping[str, Any]], list[bytes]]

_TWO_BYTES = 64
_SHORT = tuple(
    bytes([length << 1]) if length < _TWO_BYTES else bytes([(length << 1) & 0x7F | 0x80, length >> 6])
    for length in range(8_192)
)
"""The lengths that take one or two bytes."""


def write_long(number: int) -> bytes:
    """The number as a zigzag varint. number: 64 bits with a sign."""
    rest = (number << 1) ^ (number >> 63)
    written = bytearray()
    while rest > 0x7F:  # noqa: PLR2004  seven bits a byte
        written.append(rest & 0x7F | 0x80)
        rest >>= 7
    written.append(rest)
    return bytes(written)


def write_bytes(raw: bytes) -> bytes:
    """The bytes with their length before them."""
    length = len(raw)
    return (_SHORT[length] if length < len(_SHORT) else write_long(length)) + raw


def _write_text(text: str) -> bytes:
    return write_bytes(text.encode())


_WRITE = {"string": "write_text({})", "long": "write_long({})"}


def _compile_read() -> Read:
    functions = Functions()
    lines = [line for name, kind in FIELDS.items() for line in functions.statements(kind, f"{name}_")]
    values = ", ".join(f"{name}_" for name in FIELDS)
    read: Read = functions.compiled(["def read(v, at):", *indented(lines), f" return ({values}), at"])["read"]
    return read


def _compile_write() -> Write:
    """With every field written out; nothing but the constants above enters its source."""
    lines = ["def write(e):", " parts = []"]
    for name, kind in FIELDS.items():
        lines.append(f" value = e['{name}']")
        if isinstance(kind, str):
            lines.append(f" parts.append({_WRITE[kind].format('value')})")
        else:
            lines.append(f" parts.append(b'\\0' if value is None else b'\\2' + {_WRITE[kind[1]].format('value')})")
    names: dict[str, Any] = {"write_text": _write_text, "write_long": write_long}
    exec("\n".join([*lines, " return parts"]), names)  # noqa: S102  made of the constants above
    write: Write = names["write"]
    return write


read = _compile_read()
"""The attributes, in the order of FIELDS, as a tuple."""

write = _compile_write()
"""The parts of the attributes, from a mapping that has them all.

Raises KeyError, AttributeError, TypeError and UnicodeEncodeError for values of other types.
"""
