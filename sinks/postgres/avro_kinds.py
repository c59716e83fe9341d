"""Which kind of column an Avro type becomes."""

from collections.abc import Mapping
from typing import Any

from sinks.postgres import kinds
from sinks.postgres.kinds import Kind

_PRIMITIVES = {
    "null": kinds.TEXT,
    "boolean": kinds.BOOLEAN,
    "int": kinds.INTEGER,
    "long": kinds.BIGINT,
    "float": kinds.REAL,
    "double": kinds.DOUBLE,
    "string": kinds.TEXT,
    "bytes": kinds.BYTEA,
    "enum": kinds.TEXT,
    "fixed": kinds.BYTEA,
}

# Exactly those that the decoder turns into Python values of their own; others keep the kind of their base type.
_LOGICAL = {
    ("long", "timestamp-millis"): kinds.TIMESTAMPTZ,
    ("long", "timestamp-micros"): kinds.TIMESTAMPTZ,
    ("long", "local-timestamp-millis"): kinds.TIMESTAMP,
    ("long", "local-timestamp-micros"): kinds.TIMESTAMP,
    ("int", "date"): kinds.DATE,
    ("int", "time-millis"): kinds.TIME,
    ("long", "time-micros"): kinds.TIME,
    ("bytes", "decimal"): kinds.NUMERIC,
    ("fixed", "decimal"): kinds.NUMERIC,
    ("string", "uuid"): kinds.UUID_KIND,
}


def record_kinds(record: Mapping[str, Any]) -> dict[str, Kind]:
    """The kinds of a record's fields by name, in order."""
    namespace = _namespace(record, None)
    named: dict[str, Mapping[str, Any]] = {}
    result = {}
    for field in record["fields"]:
        _collect(field["type"], namespace, named)
        result[field["name"]] = _kind(field["type"], namespace, named)
    return result


def _kind(avro: Any, namespace: str | None, named: Mapping[str, Mapping[str, Any]]) -> Kind:
    if isinstance(avro, list):
        branches = [branch for branch in avro if branch != "null"]
        return _kind(branches[0], namespace, named) if len(branches) == 1 else kinds.JSONB
    if isinstance(avro, str):
        if avro in _PRIMITIVES:
            return _PRIMITIVES[avro]
        return _kind(named[_full_name(avro, namespace)], namespace, named)
    base = avro["type"]
    if not isinstance(base, str):
        return _kind(base, namespace, named)
    return _LOGICAL.get((base, avro.get("logicalType", ""))) or _PRIMITIVES.get(base, kinds.JSONB)


def _collect(avro: Any, namespace: str | None, named: dict[str, Mapping[str, Any]]) -> None:
    """Remember the named types that a type defines, since later fields may refer to them."""
    if isinstance(avro, list):
        for branch in avro:
            _collect(branch, namespace, named)
    if not isinstance(avro, dict):
        return
    if "name" in avro:
        named[_full_name(avro["name"], avro.get("namespace", namespace))] = avro
        namespace = _namespace(avro, namespace)
    for inner in (avro["type"], avro.get("items"), avro.get("values")):
        _collect(inner, namespace, named)
    for field in avro.get("fields", ()):
        _collect(field["type"], namespace, named)


def _namespace(avro: Mapping[str, Any], enclosing: str | None) -> str | None:
    return _full_name(avro["name"], avro.get("namespace", enclosing)).rpartition(".")[0] or None


def _full_name(name: str, namespace: str | None) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"
