"""The envelope's attributes, which stand before `data` in every envelope, as Avro bytes and back.

fastavro takes any schema and spends its time on telling what it has got; these twelve fields are always the same, and
written and read for every event (https://avro.apache.org/docs/1.12.0/specification/#binary-encoding).
"""

from collections.abc import Callable, Mapping
from typing import Any

from router.envelope.bounds import long, outside

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

Values = tuple[Any, ...]
Read = Callable[[bytes, int], tuple[Values, int]]
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


def _length(value: bytes, at: int) -> tuple[int, int]:
    number, at = long(value, at)
    if number < 0:
        raise ValueError("A length is negative.")
    return number, at


_READ_TEXT = (
    "n = v[at]; at += 1",
    "if n & 0x81: n, at = length(v, at - 1)",
    "else: n >>= 1",
    "end = at + n; {field} = v[at:end].decode(); at = end",
)
_READ = {"string": _READ_TEXT, "long": ("{field}, at = long(v, at)",)}
_WRITE = {"string": "write_text({field})", "long": "write_long({field})"}


def _compile() -> tuple[Read, Write]:
    """Both functions with every field written out; nothing but the constants above enters their source."""
    reading, writing = ["def read(v, at):"], ["def write(e):", " parts = []"]
    for name, kind in FIELDS.items():
        field = f"{name}_"
        writing.append(f" {field} = e['{name}']")
        if isinstance(kind, str):
            reading += [f" {line.format(field=field)}" for line in _READ[kind]]
            writing.append(f" parts.append({_WRITE[kind].format(field=field)})")
            continue
        reading += [f" {field} = None; n = v[at]; at += 1", " if n == 2:"]
        reading += [f"  {line.format(field=field)}" for line in _READ[kind[1]]]
        reading.append(" elif n: raise outside()")
        present = _WRITE[kind[1]].format(field=field)
        writing.append(f" parts.append(b'\\0' if {field} is None else b'\\2' + {present})")
    reading.append(f" return ({', '.join(f'{name}_' for name in FIELDS)}), at")
    writing.append(" return parts")
    names: dict[str, Any] = {"long": long, "length": _length, "outside": outside}
    names |= {"write_text": _write_text, "write_long": write_long}
    exec("\n".join([*reading, *writing]), names)  # noqa: S102  made of the constants above
    return names["read"], names["write"]


read, write = _compile()
"""read: the attributes at a position and the position after them; raises ConnectorError (AVRO_DECODE), IndexError or
ValueError where the bytes make no sense. Bytes that end within the last text are for the caller to notice.

write: the parts of the attributes, from a mapping that has them all; raises KeyError, AttributeError, TypeError and
UnicodeEncodeError for values of other types.
"""
