"""Where an event's attributes stand in a request: in a header, in the JSON body, in a form, or as an expression."""

from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Self

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from router.api import ConnectorError, Reason, Request
from sources.webhook.expression import Expression, exact, plain_text
from sources.webhook.form import fields, form_of, json_text, texts

CREDENTIALS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "x-gitlab-token"}
    | {"x-hub-signature"}
)
"""Headers that no record may carry, nor an attribute be taken from, whatever the scheme."""

_MAX_EPOCH_SECONDS = 253_402_300_799
_MAX_INDEX_DIGITS = 6


def _compiles(text: str) -> str:
    Expression(text)
    return text


class Selector(BaseModel):
    """Exactly one place. Shown in a configuration as `{header: x-id}`, `{body: event.id}` or `{form: CallSid}`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    header: str | None = Field(None, pattern=r"^[a-z0-9-]{1,64}$", description="A header's name, in lower case.")
    body: str | None = Field(None, min_length=1, max_length=256, description="A path into the JSON body, with dots.")
    form: str | None = Field(None, min_length=1, max_length=128, description="A field of the form that the body is.")
    expression: Annotated[str, AfterValidator(_compiles)] | None = Field(
        None,
        min_length=1,
        max_length=1024,
        description="A JMESPath expression over `headers`, `query`, `body` and `form`.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        places = (self.header, self.body, self.form, self.expression)
        if len([place for place in places if place is not None]) != 1:
            message = "give exactly one of `header`, `body`, `form` and `expression`"
            raise ValueError(message)
        if self.header in CREDENTIALS:
            message = f"the header {self.header} is a credential, which no event may carry"
            raise ValueError(message)
        return self

    @property
    def in_body(self) -> bool:
        """Whether the JSON document is looked into, which must be one then."""
        return self.body is not None


class Content:
    """What a request contains, taken apart as far as somebody looks into it. document: the parsed JSON, or None."""

    def __init__(self, request: Request, document: Any) -> None:
        self.request = request
        self.document = document

    @cached_property
    def form(self) -> dict[str, list[str]]:
        """The values of each field; empty if the body is no form."""
        return texts(form_of(self.request))

    @cached_property
    def exact(self) -> Any:
        """The document with its numbers as they are written; None if there is none."""
        return exact(json_text(self.request))

    @cached_property
    def everything(self) -> dict[str, Any]:
        """What expressions see. What occurs more than once is a list."""
        headers: dict[str, list[str]] = {}
        for name, value in self.request.headers:
            if name not in CREDENTIALS:
                headers.setdefault(name, []).append(value)
        return {
            "headers": _alone(headers),
            "query": _alone(texts(fields(self.request.query.encode("utf-8", "surrogateescape")))),
            "body": self.exact,
            "form": _alone(self.form),
        }


class Place:
    """A selector, ready to look with."""

    __slots__ = ("_expression", "_form", "_header", "_steps", "in_body")

    def __init__(self, selector: Selector) -> None:
        self.in_body = selector.in_body
        self._header = selector.header
        self._form = selector.form
        self._expression = None if selector.expression is None else Expression(selector.expression)
        self._steps = tuple((selector.body or "").split("."))

    def text(self, content: Content) -> str | None:
        """The value there as text; None if there is none, or if it is not a text, a number or a boolean.

        Raises ConnectorError (DUPLICATE_HEADER, PAYLOAD_MALFORMED) if a header, or a field of a form, occurs twice.
        """
        if self.in_body:
            return self._in_document(content)
        if self._header is not None:
            values = content.request.values(self._header)
            if len(values) > 1:
                raise ConnectorError(Reason.DUPLICATE_HEADER, f"The header {self._header} occurs more than once.")
            return values[0] or None if values else None
        if self._expression is not None:
            return self._expression.text(content.everything)
        return self._in_form(content, self._form or "")

    def _in_document(self, content: Content) -> str | None:
        value = _at(content.document, self._steps)
        # Two large integers can be the same float, and must not be one id.
        return plain_text(_at(content.exact, self._steps) if isinstance(value, float) else value)

    def _in_form(self, content: Content, name: str) -> str | None:
        values = content.form.get(name, [])
        if len(values) > 1:
            raise ConnectorError(Reason.PAYLOAD_MALFORMED, f"The field {name} occurs more than once.")
        return values[0] or None if values else None


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


def _alone(by_name: dict[str, list[str]]) -> dict[str, Any]:
    return {name: values[0] if len(values) == 1 else values for name, values in by_name.items()}


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
