"""Where an event's attributes stand in a request: in a header, or in the JSON body."""

from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from router.api import Request

_MAX_EPOCH_SECONDS = 253_402_300_799


class Selector(BaseModel):
    """Exactly one place. Shown in a configuration as `{header: x-id}` or `{body: event.id}`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    header: str | None = Field(None, pattern=r"^[a-z0-9-]{1,64}$", description="A header's name, in lower case.")
    body: str | None = Field(None, min_length=1, max_length=256, description="A path into the JSON body, with dots.")

    @model_validator(mode="after")
    def _exactly_one(self) -> "Selector":
        if (self.header is None) is (self.body is None):
            message = "give either `header` or `body`"
            raise ValueError(message)
        return self

    def text(self, request: Request, document: Any) -> str | None:
        """The value there as text; None if there is none, or if it is not a text, a number or a boolean."""
        if self.header is not None:
            values = request.values(self.header)
            return values[0] if values and values[0] else None
        return _text(_at(document, self.body or ""))


def parse(body: bytes) -> Any:
    """The JSON document, or None if the body is none: it is carried byte-exact all the same."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


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


def _at(document: Any, path: str) -> Any:
    value = document
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and len(step) <= 6:  # noqa: PLR2004  a million
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) else None
