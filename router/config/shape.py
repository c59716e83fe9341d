"""Validation by a model, with pydantic's errors told in the words of this project."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from router.api import ConnectorError, Reason
from router.config.faults import KeyPath, shown_key
from router.config.fields import fields, keys_at, types_at
from router.config.files import Configuration

M = TypeVar("M", bound=BaseModel)

_KNOWN_TYPES = frozenset(get_args(ErrorType)) - {"value_error", "assertion_error"}
_REASON_FIXES = {
    Reason.SECRET_LITERAL: "Put the secret into the environment, a file or Vault, and write ${env:NAME}, "
    "${file:/path} or ${vault:mount/path#field}.",
    Reason.SCOPE_REQUIRED: "Name each topic, secret and host.",
}
_TYPE_FIXES = {
    "string_type": "Put the value into quotes.",
    "int_type": "Write a whole number, without quotes or a leading zero.",
    "float_type": "Write a number, without quotes.",
    "bool_type": "Write `true` or `false`.",
    "dict_type": "Write `key: value` lines below it.",
    "model_type": "Write `key: value` lines below it.",
    "tuple_type": "Write a list: `[a, b]`, or lines that begin with `-`.",
    "list_type": "Write a list: `[a, b]`, or lines that begin with `-`.",
}


def validate(
    configuration: Configuration, model: type[M], raw: Any, path: KeyPath, context: Mapping[str, Any]
) -> M | None:
    """The model's instance for the values at the path, or None after noting every fault.

    Types are strict: no string is taken for a number or a boolean. context: what secrets and connections are bound to.
    """
    try:
        return model.model_validate_json(json.dumps(raw), strict=True, context=dict(context))
    except ValidationError as error:
        _note(configuration, model, raw, path, error)
    except ConnectorError as error:
        configuration.refuse(error.reason, path, error.message, error.fix)
    return None


def suggestion(wrong: str, known: frozenset[str]) -> str:
    """A sentence that names what is meant, or all there is. Only what is known is named, never what was written."""
    close = get_close_matches(wrong, sorted(known), n=1)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"Known here: {', '.join(f'`{key}`' for key in sorted(known))}." if known else "Nothing is known here."


def _note(
    configuration: Configuration, model: type[BaseModel], raw: Any, root: KeyPath, error: ValidationError
) -> None:
    details = error.errors(include_url=False, include_input=False)
    misspelt = set()
    for detail in details:
        if detail["type"] == "extra_forbidden":
            below = _below(raw, detail)
            key, known = str(below[-1]), keys_at(model, below[:-1])
            misspelt |= {(*below[:-1], close) for close in get_close_matches(key, sorted(known), n=1)}
            message = f"{shown_key(key)} is not a setting here."
            configuration.refuse(Reason.CONFIG_KEY_UNKNOWN, (*root, *below), message, suggestion(key, known))
    for detail in details:
        below = _below(raw, detail)
        # A setting that is missing because its key is misspelt is one mistake, not two.
        if detail["type"] != "extra_forbidden" and not (detail["type"] == "missing" and below in misspelt):
            _note_value(configuration, model, raw, root, below, detail)


def _note_value(
    configuration: Configuration,
    model: type[BaseModel],
    raw: Any,
    root: KeyPath,
    below: KeyPath,
    detail: ErrorDetails,
) -> None:
    path = (*root, *below)
    meaning = _description(model, below)
    if _of_scopes(path) and detail["type"] in {"missing", "too_short"}:
        message = "Without scopes a connector may touch nothing, and is refused."
        configuration.refuse(Reason.SCOPE_REQUIRED, path, message, "Add `scopes` with the `topics` that it may touch.")
    elif detail["type"] == "missing":
        addition = f"Add `{below[-1]}`: {meaning}" if meaning else f"Add `{below[-1]}`."
        configuration.refuse(Reason.CONFIG_INVALID, path, "This setting is required.", addition)
    elif detail["type"] == "union_tag_invalid":
        tag = str(detail["ctx"]["discriminator"]).strip("'")
        tags = frozenset(part.strip(" '") for part in str(detail["ctx"]["expected_tags"]).split(","))
        written = _value(raw, (*below, tag))
        message = f"This is none of {', '.join(sorted(tags))}."
        configuration.refuse(Reason.CONFIG_INVALID, (*path, tag), message, suggestion(str(written), tags))
    else:
        reason, message = _told(detail, _value(raw, below))
        expected = f"Expected: {meaning}" if meaning else "See docs/reference/configuration.md."
        fix = _REASON_FIXES.get(reason) or _TYPE_FIXES.get(detail["type"]) or expected
        configuration.refuse(reason, path, message, fix)


def _told(detail: ErrorDetails, value: Any) -> tuple[Reason, str]:
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    prefix, colon, rest = message.partition(": ")
    reason = Reason.CONFIG_INVALID
    if colon and prefix.upper() in Reason.__members__:
        reason, message = Reason(prefix.upper()), rest
    # Validators of connectors write their own texts, which must not repeat what may be a secret.
    if detail["type"] not in _KNOWN_TYPES and any(text in message for text in _texts(value)):
        message = "the value is not accepted"
    return reason, message[:1].upper() + message[1:] + ("" if message.endswith(".") else ".")


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    shown = str(value)
    return [shown] if len(shown) >= 3 else []  # noqa: PLR2004  shorter ones occur in any text and are no secrets


def _below(raw: Any, detail: ErrorDetails) -> KeyPath:
    """The error's location as keys of the configuration: pydantic's also names the members of unions."""
    path: list[str | int] = []
    location = detail["loc"]
    for index, part in enumerate(location):
        inside = (isinstance(raw, dict) and part in raw) or (
            isinstance(raw, list) and isinstance(part, int) and part < len(raw)
        )
        if inside:
            path.append(part)
            raw = raw[part]
        elif isinstance(raw, dict) and detail["type"] == "missing" and index == len(location) - 1:
            path.append(part)
    return tuple(path)


def _value(raw: Any, path: KeyPath) -> Any:
    for part in path:
        if isinstance(raw, dict) and isinstance(part, str):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
        else:
            return None
    return raw


def _description(model: type[BaseModel], path: KeyPath) -> str | None:
    if not path:
        return None
    for kind in types_at(model, path[:-1]):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = fields(kind).get(str(path[-1]))
            if field is not None:
                return str(field.description) if field.description else None
    return None


def _of_scopes(path: KeyPath) -> bool:
    return path[2:] in {("scopes",), ("scopes", "topics")}
