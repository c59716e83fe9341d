"""An Avro schema as OpenLineage's fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from openlineage.client.facet_v2 import schema_dataset

_MAX_DEPTH = 8


def fields_of(avro: Any) -> list[schema_dataset.SchemaDatasetFacetFields]:
    """The fields of a record, nested records included; none for any other type."""
    return _fields(avro, 1)


def _fields(avro: Any, depth: int) -> list[schema_dataset.SchemaDatasetFacetFields]:
    record = _record(avro)
    if record is None or depth > _MAX_DEPTH:
        return []
    return [
        schema_dataset.SchemaDatasetFacetFields(
            name=field["name"],
            type=_type(field["type"]),
            description=field.get("doc"),
            ordinal_position=position,
            fields=_fields(field["type"], depth + 1),
        )
        for position, field in enumerate(record["fields"], 1)
    ]


def _record(avro: Any) -> Mapping[str, Any] | None:
    """The record that a type is: itself, or the only one of a union."""
    if isinstance(avro, Mapping):
        return avro if avro.get("type") == "record" else None
    if isinstance(avro, Sequence) and not isinstance(avro, str):
        records = [record for branch in avro if (record := _record(branch)) is not None]
        return records[0] if len(records) == 1 else None
    return None


def _type(avro: Any) -> str:
    if isinstance(avro, str):
        return avro
    if isinstance(avro, Mapping):
        return _complex(avro)
    branches = [_type(branch) for branch in avro if branch != "null"]
    return branches[0] if len(branches) == 1 else f"union<{','.join(branches)}>"


def _complex(avro: Mapping[str, Any]) -> str:
    if avro.get("logicalType") == "decimal":
        return f"decimal({avro.get('precision')},{avro.get('scale', 0)})"
    if "logicalType" in avro:
        return str(avro["logicalType"])
    match avro["type"]:
        case "array":
            return f"array<{_type(avro['items'])}>"
        case "map":
            return f"map<{_type(avro['values'])}>"
        case str() as name:
            return name
        case other:
            return _type(other)
