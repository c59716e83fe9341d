"""Answers in Kafka Connect's form; an error is a code and a message, and nothing else ever."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from router.api import Action, ConnectorError, ErrorClass
from router.config.faults import Fault

_HEADERS = {"Server": "router", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class RestError(Exception):
    """A request that is answered with an error. message: for people, without secrets."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


def body(content: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> web.Response:
    """The content as JSON."""
    text = json.dumps(content, ensure_ascii=False)
    return web.Response(
        text=text, status=status, content_type="application/json", headers={**_HEADERS, **(headers or {})}
    )


def empty(status: int = HTTPStatus.NO_CONTENT) -> web.Response:
    """No body."""
    return web.Response(status=status, headers=_HEADERS)


def error(problem: RestError) -> web.Response:
    """The error's body."""
    return body({"error_code": problem.status, "message": problem.message}, problem.status, problem.headers)


def no_such_connector(name: str) -> RestError:
    """Nothing is called so."""
    return RestError(HTTPStatus.NOT_FOUND, f"Connector {shown(name)} not found")


def invalid(faults: Iterable[Fault]) -> RestError:
    """Every fault of a configuration, as Connect lists them."""
    lines = [told(fault) for fault in faults]
    message = f"Connector configuration is invalid and contains the following {len(lines)} error(s):\n"
    message += "\n".join(lines)
    message += "\nYou can also find the above list of errors at the endpoint "
    message += "`/connector-plugins/{connectorType}/config/validate`"
    return RestError(HTTPStatus.BAD_REQUEST, message)


def told(fault: Fault) -> str:
    """A fault in one line: which setting, what is wrong with it, and what to do."""
    place = f"{fault.path}: " if fault.path else ""
    return f"{fault.reason}: {place}{fault.message}" + (f" {fault.fix}" if fault.fix else "")


def of_runtime(problem: ConnectorError) -> RestError:
    """What Kafka or a configuration said, in HTTP's words."""
    if problem.action is Action.RETRY:
        status = HTTPStatus.SERVICE_UNAVAILABLE
    elif problem.error_class is ErrorClass.CONFIG:
        status = HTTPStatus.BAD_REQUEST
    else:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
    return RestError(status, f"{problem.reason}: {problem.message}" + (f" {problem.fix}" if problem.fix else ""))


def shown(text: str) -> str:
    """What a client sent, as it may be repeated: short, and without control characters."""
    return "".join(char if char.isprintable() else "?" for char in text[:100])
