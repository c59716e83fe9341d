"""The envelope's Avro schema for a topic, and which schemas are admitted at all."""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from router.api import ConnectorError, Reason

MAX_DEPTH = 64
MAX_NODES = 20_000
MAX_SCHEMA_BYTES = 1_048_576

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_TEMPLATE: Mapping[str, Any] = json.loads(files("schemas").joinpath("envelope.avsc").read_text())


def envelope_schema(topic: str, data: Mapping[str, Any] | None) -> dict[str, Any]:
    """The schema of the topic's envelopes; data: the Avro schema of their content, or None for bytes.

    Each topic's envelope has a namespace of its own, so that generated classes do not collide.
    """
    namespace = ".".join(
        "_" + part if part[0].isdigit() else part for part in re.split(r"[^A-Za-z0-9_]+", topic) if part
    )
    fields = [dict(field) for field in _TEMPLATE["fields"]]
    if data is not None:
        fields[-1]["type"] = ["null", dict(data)]
    return {**_TEMPLATE, "namespace": namespace, "fields": fields}


def admit(text: str) -> dict[str, Any]:
    """The parsed schema, if it is an envelope that is safe to decode with. Raises ConnectorError (SCHEMA_REJECTED).

    Recursion is refused because a value of a few kilobytes could then exhaust the C stack of the decoder, and items
    without bytes because five bytes could then become millions of items.
    """
    if len(text) > MAX_SCHEMA_BYTES:
        raise _rejected(f"it is larger than {MAX_SCHEMA_BYTES} bytes")
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _rejected("it is not JSON, or nested too deeply") from error
    _Admission().visit(schema, None, ())
    if not isinstance(schema, dict) or not _is_envelope(schema):
        raise _rejected(
            "it is not an envelope: its attributes are not those of schemas/envelope.avsc, or `data` is "
            "neither null or bytes nor null or a type of its own"
        )
    return schema


def data_schema(envelope: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of `data` in an admitted envelope, complete by itself, or None where it is bytes."""
    data = envelope["fields"][-1]["type"][1]
    if data == "bytes":
        return None
    # Names without a namespace are in the envelope's.
    return {"namespace": envelope["namespace"], **data} if "namespace" in envelope else dict(data)


def _is_envelope(schema: Mapping[str, Any]) -> bool:
    fields = schema.get("fields", ())
    attributes = [(field["name"], field["type"]) for field in fields[:-1]]
    if not fields or attributes != [(field["name"], field["type"]) for field in _TEMPLATE["fields"][:-1]]:
        return False
    name, kind = fields[-1]["name"], fields[-1]["type"]
    if name != "data" or not isinstance(kind, list) or len(kind) != 2 or kind[0] != "null":  # noqa: PLR2004  a pair
        return False
    return kind[1] == "bytes" or isinstance(kind[1], dict)


class _Admission:
    """One walk over a schema; counts nodes and knows every named type."""

    def __init__(self) -> None:
        self._nodes = 0
        self._named: dict[str, Any] = {}

    def visit(self, schema: Any, namespace: str | None, ancestors: tuple[str, ...], depth: int = 0) -> bool:
        """Admit a schema; True if its values always take at least one byte."""
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise _rejected(f"it is deeper than {MAX_DEPTH} or has more than {MAX_NODES} parts")
        if isinstance(schema, str):
            return self._reference(schema, namespace, ancestors)
        if isinstance(schema, list):
            for branch in schema:
                self.visit(branch, namespace, ancestors, depth + 1)
            return True
        if not isinstance(schema, dict) or "type" not in schema:
            raise _rejected("a part of it is neither a name, a union nor a type")
        return self._complex(schema, namespace, ancestors, depth)

    def _reference(self, name: str, namespace: str | None, ancestors: tuple[str, ...]) -> bool:
        if name in _PRIMITIVES:
            return name != "null"
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        if full in ancestors:
            raise _rejected(f"type {full} contains itself")
        if full not in self._named:
            raise _rejected(f"type {full!r:.100} is not defined")
        return bool(self._named[full])

    def _complex(self, schema: dict[str, Any], namespace: str | None, ancestors: tuple[str, ...], depth: int) -> bool:
        kind = schema["type"]
        if kind in ("array", "map"):
            sized = self.visit(schema.get("items" if kind == "array" else "values"), namespace, ancestors, depth + 1)
            if kind == "array" and not sized:
                raise _rejected("an array's items may take no bytes")
            return True
        if kind not in ("record", "error", "enum", "fixed"):
            return self.visit(kind, namespace, ancestors, depth + 1)
        full = _full_name(schema, namespace)
        if full in self._named:
            raise _rejected(f"type {full} is defined twice")
        self._named[full] = True
        if kind == "enum":
            return True
        if kind == "fixed":
            return int(schema.get("size", 0)) > 0
        inner = full.rpartition(".")[0] or None
        takes_bytes = [self.visit(field["type"], inner, (*ancestors, full), depth + 1) for field in _fields(schema)]
        self._named[full] = any(takes_bytes)
        return any(takes_bytes)


def _fields(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    fields = schema.get("fields")
    if not isinstance(fields, list):
        raise _rejected("a record has no list of fields")
    for field in fields:
        if not isinstance(field, dict) or "type" not in field or not isinstance(field.get("name"), str):
            raise _rejected("a field has no name or no type")
        if not _NAME.fullmatch(field["name"]):
            raise _rejected("a field's name has characters that Avro does not allow")
        yield field


def _full_name(schema: Mapping[str, Any], namespace: str | None) -> str:
    name = schema.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _rejected("a named type has no name, or one that Avro does not allow")
    if "." in name:
        return name
    space = schema.get("namespace", namespace)
    return f"{space}.{name}" if space else name


def _rejected(why: str) -> ConnectorError:
    return ConnectorError(Reason.SCHEMA_REJECTED, f"The schema is refused: {why}.", fix="Register another schema.")
