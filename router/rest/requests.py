"""What clients send: bodies and query parameters, read strictly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web

from router.rest.access import Caller
from router.rest.answers import RestError, shown

_JSON = "application/json"


@dataclass(slots=True)
class Call:
    """A request that is allowed. parameters: those of its path, decoded.

    connector: what the audit is to say that it is about. detail: what else it is to say.
    """

    request: web.BaseRequest
    caller: Caller
    parameters: Mapping[str, str]
    connector: str | None = None
    detail: str = ""

    @property
    def name(self) -> str:
        """The connector of the path."""
        return self.parameters["name"]

    def flag(self, name: str) -> bool:
        """A query parameter that is `true` or `false` (the default). Raises RestError (400) for anything else."""
        text = self.request.query.get(name, "false").lower()
        if text not in ("true", "false"):
            raise RestError(HTTPStatus.BAD_REQUEST, f"The query parameter {name} must be `true` or `false`.")
        return text == "true"

    def number(self, name: str, default: int, largest: int) -> int:
        """A query parameter that is a number from 1. Raises RestError (400) for anything else."""
        text = self.request.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(largest)) and 1 <= int(text) <= largest):
            raise RestError(HTTPStatus.BAD_REQUEST, f"The query parameter {name} must be from 1 to {largest}.")
        return int(text)

    async def json(self) -> dict[str, Any]:
        """The body, a JSON object. Raises RestError: 400, 413, 415."""
        if self.request.content_type != _JSON:
            raise RestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the body as `Content-Type: {_JSON}`.")
        try:
            raw = await self.request.read()
        except web.HTTPRequestEntityTooLarge:
            raise RestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is larger than 1 MiB.") from None
        content = parsed(raw)
        if not isinstance(content, dict):
            raise RestError(HTTPStatus.BAD_REQUEST, "The body must be a JSON object.")
        return content


def parsed(raw: bytes) -> Any:
    """The JSON value. Raises RestError (400): not UTF-8, not JSON, a key twice, or nested too deeply."""
    try:
        return json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        # Without the cause, which repeats parts of the body.
        message = "The body is not valid JSON, or has a key twice."
        raise RestError(HTTPStatus.BAD_REQUEST, message) from None


def flat_map(content: Any) -> dict[str, str | None]:
    """A connector's configuration: a map of strings, where null stands for nothing.

    Numbers and booleans are taken for the strings that they are written as. Raises RestError (400).
    """
    if not isinstance(content, dict):
        raise RestError(HTTPStatus.BAD_REQUEST, "The configuration must be a JSON object of strings.")
    flat: dict[str, str | None] = {}
    for key, value in content.items():
        if value is None:
            flat[key] = None
        elif isinstance(value, str):
            flat[key] = value
        elif isinstance(value, bool | int | float):
            flat[key] = json.dumps(value)
        else:
            message = f"The value of {shown(key)} must be a string: write nested settings as dotted keys."
            raise RestError(HTTPStatus.BAD_REQUEST, message)
    return flat


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError
    return content


def _refuse(_constant: str) -> Any:
    raise ValueError
