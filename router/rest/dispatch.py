"""One request: who asks, what for, whether they may, and what the audit is told."""

from http import HTTPStatus

import structlog
from aiohttp import web

from router.api import ConnectorError
from router.config.models import AccessRole
from router.rest.access import Access, Caller
from router.rest.answers import RestError, error, of_runtime, shown
from router.rest.audit import Audit
from router.rest.cluster import Cluster
from router.rest.requests import Call
from router.rest.routing import Match, Routes

_LONGEST_DETAIL = 500
_log = structlog.get_logger("router.rest")


class Dispatcher:
    """Answers every request; nothing that goes wrong is told but by a code and a message."""

    def __init__(self, access: Access, routes: Routes, cluster: Cluster, audit: Audit) -> None:
        self._access = access
        self._routes = routes
        self._cluster = cluster
        self._audit = audit

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer; never raises."""
        try:
            return await self._answer(request)
        except RestError as problem:
            return error(problem)
        except ConnectorError as problem:
            return error(of_runtime(problem))
        except Exception as problem:  # noqa: BLE001  the outermost loop of a request: the client must get an answer
            _log.error("request failed", path=shown(request.path), error=type(problem).__name__, exc_info=True)
            return error(RestError(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error: see the log of the API."))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        caller = self._access.caller(request)
        if caller.role is None:
            # Before the path is looked at: who is unknown is not told which ones there are.
            raise await self._refused(caller, AccessRole.VIEWER, f"{request.method} {shown(request.path)}", None)
        match = self._routes.match(request.method, request.raw_path)
        if not caller.may(match.route.role):
            raise await self._refused(caller, match.route.role, _action(match), match.parameters.get("name"))
        if not (self._cluster.is_ready or match.route.at_once):
            raise RestError(HTTPStatus.SERVICE_UNAVAILABLE, "Worker is still starting up.")
        call = Call(request, caller, match.parameters)
        return await (self._change(match, call) if match.route.changes else match.route.handler(call))

    async def _change(self, match: Match, call: Call) -> web.StreamResponse:
        try:
            response = await match.route.handler(call)
        except (RestError, ConnectorError) as problem:
            told = problem if isinstance(problem, RestError) else of_runtime(problem)
            if told.status != HTTPStatus.SERVICE_UNAVAILABLE:  # with the brokers away the audit is, too
                detail = told.message[:_LONGEST_DETAIL]
                await self._audit.write(call.caller, _action(match), call.connector, f"failed {told.status}", detail)
            raise
        try:
            await self._audit.write(call.caller, _action(match), call.connector, "done", call.detail)
        except ConnectorError as failure:
            _log.error("change not written to the audit", action=_action(match), reason=failure.reason)
            message = "The change was made, but could not be written to the audit."
            raise RestError(HTTPStatus.INTERNAL_SERVER_ERROR, message) from failure
        return response

    async def _refused(self, caller: Caller, role: AccessRole, action: str, name: str | None) -> RestError:
        """The answer to a caller who may not do this, after telling the audit."""
        refusal = self._access.refusal(caller, role)
        problem = refusal or RestError(HTTPStatus.FORBIDDEN, "Forbidden.")
        try:
            await self._audit.write_refused(caller, action, shown(name) if name else None, problem.message)
        except ConnectorError as failure:
            # Refused all the same: that the brokers are away must not change the answer.
            _log.error("refusal not written to the audit", action=action, reason=failure.reason)
        return problem


def _action(match: Match) -> str:
    return f"{match.route.method} {match.route.path}"
