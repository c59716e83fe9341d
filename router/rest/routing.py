"""Paths to handlers: which methods a path has, and the role that each needs."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote

from aiohttp import web

from router.config.models import AccessRole
from router.rest.answers import RestError
from router.rest.requests import Call

Handler = Callable[[Call], Awaitable[web.Response]]


class Route(NamedTuple):
    """A method at a path; `{name}` in the path is a parameter.

    changes: it is written to the audit. at_once: it can be answered before the topics have been read.
    """

    method: str
    path: str
    role: AccessRole
    handler: Handler
    changes: bool = False
    at_once: bool = False


class Match(NamedTuple):
    """A route, and the parameters of the path that led to it."""

    route: Route
    parameters: dict[str, str]


class Routes:
    """All routes."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(route, _parts(route.path)) for route in routes]

    def match(self, method: str, raw_path: str) -> Match:
        """The route of a request; a slash at the end does not matter. Raises RestError: 404, 405."""
        parts = [unquote(part) for part in _parts(raw_path.partition("?")[0])]
        found = [Match(route, values) for route, own in self._routes if (values := _values(own, parts)) is not None]
        if not found:
            raise RestError(HTTPStatus.NOT_FOUND, "HTTP 404 Not Found")
        wanted = "GET" if method == "HEAD" else method
        for match in found:
            if match.route.method == wanted:
                return match
        allowed = ", ".join(sorted({match.route.method for match in found}))
        raise RestError(HTTPStatus.METHOD_NOT_ALLOWED, "HTTP 405 Method Not Allowed", {"Allow": allowed})


def _parts(path: str) -> list[str]:
    return path.removesuffix("/").split("/")


def _values(own: list[str], parts: list[str]) -> dict[str, str] | None:
    if len(own) != len(parts):
        return None
    values = {}
    for expected, part in zip(own, parts, strict=True):
        if expected.startswith("{"):
            values[expected[1:-1]] = part
        elif expected != part:
            return None
    return values
