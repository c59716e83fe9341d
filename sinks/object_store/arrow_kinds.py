"""Which Arrow type an Avro type becomes (https://arrow.apache.org/docs/format/Columnar.html)."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from sinks.object_store.plain_json import to_json

Convert = Callable[[Any], Any]

_DECIMAL128_DIGITS = 38
_DECIMAL256_DIGITS = 76


class Kind(NamedTuple):
    """The type of a column. convert: makes a value, not None, what Arrow takes; None where it is that already."""

    type: pa.DataType
    convert: Convert | None = None


def _json_text(value: Any) -> str:
    return to_json(value).decode()


JSON = Kind(pa.string(), _json_text)
_TEXT = Kind(pa.string())

_PRIMITIVES = {
    "null": Kind(pa.null()),
    "boolean": Kind(pa.bool_()),
    "int": Kind(pa.int32()),
    "long": Kind(pa.int64()),
    "float": Kind(pa.float32()),
    "double": Kind(pa.float64()),
    "string": _TEXT,
    "bytes": Kind(pa.binary()),
    "enum": _TEXT,
    "fixed": Kind(pa.binary()),
}
# Exactly those that the decoder turns into Python values of their own; others keep the kind of their base type.
_LOGICAL = {
    ("long", "timestamp-millis"): Kind(pa.timestamp("ms", "UTC")),
    ("long", "timestamp-micros"): Kind(pa.timestamp("us", "UTC")),
    ("long", "local-timestamp-millis"): Kind(pa.timestamp("ms")),
    ("long", "local-timestamp-micros"): Kind(pa.timestamp("us")),
    ("int", "date"): Kind(pa.date32()),
    ("int", "time-millis"): Kind(pa.time32("ms")),
    ("long", "time-micros"): Kind(pa.time64("us")),
    ("string", "uuid"): Kind(pa.string(), str),
}


def record_kind(avro: Mapping[str, Any]) -> Kind:
    """The kind of a whole record: a struct."""
    return _Kinds().of(avro, None)


class _Kinds:
    """The kinds of one schema's types, which may refer to each other by name."""

    def __init__(self) -> None:
        self._named: dict[str, Kind] = {}

    def of(self, avro: Any, namespace: str | None) -> Kind:
        if isinstance(avro, list):
            branches = [branch for branch in avro if branch != "null"]
            # Also of a union that becomes text, since later fields may refer to what its branches define.
            found = [self.of(branch, namespace) for branch in branches]
            return found[0] if len(found) == 1 else JSON
        if isinstance(avro, str):
            return _PRIMITIVES.get(avro) or self._named[_full_name(avro, namespace)]
        base = avro["type"]
        if not isinstance(base, str):
            return self.of(base, namespace)
        if "name" not in avro:
            return self._unnamed(base, avro, namespace)
        name = _full_name(avro["name"], avro.get("namespace", namespace))
        self._named[name] = kind = self._defined(base, avro, name.rpartition(".")[0] or None)
        return kind

    def _unnamed(self, base: str, avro: Mapping[str, Any], namespace: str | None) -> Kind:
        if base == "array":
            return _array(self.of(avro["items"], namespace))
        if base == "map":
            return _map(self.of(avro["values"], namespace))
        if (base, avro.get("logicalType")) == ("bytes", "decimal"):
            return _decimal(avro)
        return _LOGICAL.get((base, avro.get("logicalType", ""))) or self.of(base, namespace)

    def _defined(self, base: str, avro: Mapping[str, Any], namespace: str | None) -> Kind:
        if base == "fixed" and avro.get("logicalType") == "decimal":
            return _decimal(avro)
        if base not in ("record", "error"):
            return _PRIMITIVES[base]
        return _struct({field["name"]: self.of(field["type"], namespace) for field in avro["fields"]})


def _struct(fields: Mapping[str, Kind]) -> Kind:
    if not fields:
        return JSON  # Parquet has no struct without fields
    type_ = pa.struct([(name, kind.type) for name, kind in fields.items()])
    converted = [(name, kind.convert) for name, kind in fields.items() if kind.convert is not None]

    def convert(value: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(value)
        for name, change in converted:
            if made[name] is not None:
                made[name] = change(made[name])
        return made

    return Kind(type_, convert if converted else None)


def _array(items: Kind) -> Kind:
    change = items.convert
    if change is None:
        return Kind(pa.list_(items.type))
    return Kind(pa.list_(items.type), lambda value: [None if one is None else change(one) for one in value])


def _map(values: Kind) -> Kind:
    change = values.convert or (lambda value: value)

    def convert(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return [(key, None if one is None else change(one)) for key, one in value.items()]

    return Kind(pa.map_(pa.string(), values.type), convert)


def _decimal(avro: Mapping[str, Any]) -> Kind:
    precision, scale = avro["precision"], avro.get("scale", 0)
    if precision > _DECIMAL256_DIGITS:
        return Kind(pa.string(), str)
    make = pa.decimal128 if precision <= _DECIMAL128_DIGITS else pa.decimal256
    return Kind(make(precision, scale))


def _full_name(name: str, namespace: str | None) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"
