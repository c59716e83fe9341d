"""The envelope's attributes, which stand before `data` in every envelope, as Avro bytes and back.

fastavro takes any schema and spends its time on telling what it has got; these twelve fields are always the same, and
written and read for every event (https://avro.apache.org/docs/1.12.0/specification/#binary-encoding).
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from router.envelope.reading import Functions, Read, indented
from router.envelope.varint import PAIR, SHORT, write_long

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


class Attributes(NamedTuple):
    """The attributes' values as they are written: texts in UTF-8, times in microseconds since the epoch."""

    id: bytes
    source: bytes
    type: bytes
    subject: bytes | None
    time: int | None
    datacontenttype: bytes | None
    dataschema: bytes | None
    tenant: bytes | None
    idempotency_key: bytes
    traceparent: bytes | None
    ingested_at: int
    connector: bytes


Write = Callable[[Attributes], list[bytes]]


def _compile_read() -> Read:
    functions = Functions()
    lines = [line for name, kind in FIELDS.items() for line in functions.statements(kind, f"{name}_")]
    values = ", ".join(f"{name}_" for name in FIELDS)
    read: Read = functions.compiled(["def read(v, at):", *indented(lines), f" return ({values}), at"])["read"]
    return read


def _compile_write() -> Write:
    """With every field written out; nothing but the constants above enters its source."""
    lines = ["def write(attributes):", f" {', '.join(FIELDS)} = attributes", " return ["]
    for name, kind in FIELDS.items():
        if kind == "long":
            lines.append(f"  write_long({name}),")
        elif kind == "string":
            lines.append(f"  short[n] if (n := len({name}) << 1) <= {PAIR} else write_long(n >> 1), {name},")
        elif kind == ["null", "long"]:
            lines.append(f"  null if {name} is None else present + write_long({name}),")
        else:
            length = f"(present_short[n] if (n := len({name}) << 1) <= {PAIR} else present + write_long(n >> 1))"
            lines.append(f"  *(nothing if {name} is None else ({length}, {name})),")
    names: dict[str, Any] = {"short": SHORT, "write_long": write_long, "null": b"\0", "present": b"\2"}
    names |= {"nothing": (b"\0",), "present_short": tuple([b"\2" + written for written in SHORT])}
    exec("\n".join([*lines, " ]"]), names)  # noqa: S102  made of the constants above
    write: Write = names["write"]
    return write


read = _compile_read()
"""The attributes, in the order of FIELDS, as a tuple."""

write = _compile_write()
"""The parts of the attributes' encoding. Raises TypeError for values of other types."""
