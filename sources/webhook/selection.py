"""Where an event's attributes stand in a request: in a header, or in the JSON body."""

import json
from datetime import UTC, datetime
from typing import Any, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from router.api import ConnectorError, Reason, Request

_MAX_EPOCH_SECONDS = 253_402_300_799
_MAX_INDEX_DIGITS = 6


class Selector(BaseModel):
    """Exactly one place. Shown in a configuration as `{header: x-id}` or `{body: event.id}`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    header: str | None = Field(None, pattern=r"^[a-z0-9-]{1,64}$", description="A header's name, in lower case.")
    body: str | None = Field(None, min_length=1, max_length=256, description="A path into the JSON body, with dots.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.header is None) is (self.body is None):
            message = "give either `header` or `body`"
            raise ValueError(message)
        return self

    @property
    def in_body(self) -> bool:
        """Whether the JSON document is looked into."""
        return self.body is not None


class Place:
    """A selector, ready to look with."""

    __slots__ = ("_header", "_steps", "in_body")

    def __init__(self, selector: Selector) -> None:
        self.in_body = selector.in_body
        self._header = selector.header
        self._steps = tuple((selector.body or "").split("."))

    def text(self, request: Request, document: Any) -> str | None:
        """The value there as text; None if there is none, or if it is not a text, a number or a boolean.

        Raises ConnectorError (DUPLICATE_HEADER).
        """
        if self._header is None:
            return self._text(request, document)
        values = request.values(self._header)
        if len(values) > 1:
            raise ConnectorError(Reason.DUPLICATE_HEADER, f"The header {self._header} occurs more than once.")
        return values[0] or None if values else None

    def _text(self, request: Request, document: Any) -> str | None:
        value = _at(document, self._steps)
        if isinstance(value, str):
            return value or None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float):
            value = _at(_as_written(request.body), self._steps)
            return value if isinstance(value, str) else None
        return str(value) if isinstance(value, int) else None


def parse(body: bytes) -> Any:
    """The JSON document. Raises ConnectorError (PAYLOAD_MALFORMED)."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        message = "The body is not JSON, which an attribute of the event is to be taken from."
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, message) from None


def moment(text: str | None) -> datetime | None:
    """ISO 8601, or seconds since the epoch, as a time with a zone; None if it is neither."""
    if text is None:
        return None
    try:
        if text.isascii() and text.isdigit():
            seconds = int(text) if len(text) <= len(str(_MAX_EPOCH_SECONDS)) else _MAX_EPOCH_SECONDS + 1
            return datetime.fromtimestamp(seconds, UTC) if seconds <= _MAX_EPOCH_SECONDS else None
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _as_written(body: bytes) -> Any:
    """The document with its numbers as texts: two large integers can be the same float, and must not be one id."""
    try:
        return json.loads(body, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None


def _at(document: Any, steps: tuple[str, ...]) -> Any:
    value = document
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and len(step) <= _MAX_INDEX_DIGITS:
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value
