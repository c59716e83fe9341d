"""Who may do what: tokens with roles, or, without any, everybody on this machine."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web
from yarl import URL

from router.config.models import AccessRole, ApiToken
from router.config.names import is_loopback
from router.rest.answers import RestError

_RANKS = {AccessRole.VIEWER: 0, AccessRole.OPERATOR: 1, AccessRole.ADMIN: 2}
_LONGEST_TOKEN = 512


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the audit names it, and from which address."""

    name: str
    role: AccessRole | None
    address: str

    def may(self, role: AccessRole) -> bool:
        """Whether the caller has at least this role."""
        return self.role is not None and _RANKS[self.role] >= _RANKS[role]


class Access:
    """The tokens of the configuration."""

    def __init__(self, tokens: Sequence[ApiToken]) -> None:
        self._tokens = [(bytes.fromhex(token.sha256), token) for token in tokens]

    def caller(self, request: web.BaseRequest) -> Caller:
        """Who asks; without a role if it is nobody who is known, or a browser that was lured here."""
        address = request.remote or ""
        if not self._tokens:
            if _is_of_a_page(request):
                return Caller("page", None, address)
            return Caller("local", AccessRole.ADMIN, address)
        digest = hashlib.sha256(_sent_token(request).encode()).digest()
        found: ApiToken | None = None
        for known, token in self._tokens:
            # All are compared, in constant time: how long it takes tells nothing.
            if hmac.compare_digest(known, digest):
                found = token
        if found is None:
            return Caller("unknown", None, address)
        return Caller(found.name, found.role, address)

    def refusal(self, caller: Caller, role: AccessRole) -> RestError | None:
        """Why the caller may not do what needs this role: 401 if unknown, else 403; None if they may."""
        if caller.may(role):
            return None
        if caller.role is not None:
            message = f"Forbidden: this needs the role {role}, and the token has {caller.role}."
        elif self._tokens:
            message = "Unauthorized: send `Authorization: Bearer` with a token that this API knows."
            return RestError(HTTPStatus.UNAUTHORIZED, message, {"WWW-Authenticate": 'Bearer realm="router"'})
        else:
            message = "Forbidden: without tokens the API answers no web pages, and to a loopback name only."
        return RestError(HTTPStatus.FORBIDDEN, message)


def _sent_token(request: web.BaseRequest) -> str:
    """The token, or nothing. Many of Connect's tools know basic authentication only: there it is the password."""
    values = request.headers.getall("Authorization", [])
    scheme, _, rest = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    if len(rest) > _LONGEST_TOKEN:
        return ""
    if scheme.lower() == "bearer":
        return rest.strip()
    # A browser repeats a password that it once was given, whichever page asks.
    if scheme.lower() == "basic" and "Origin" not in request.headers:
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return ""


def _is_of_a_page(request: web.BaseRequest) -> bool:
    """Without tokens a web page must not reach the API, neither by its own requests nor by a name that it rebinds."""
    hosts = request.headers.getall("Host", [])
    try:
        host = URL(f"http://{hosts[0]}").host if len(hosts) == 1 else None
    except ValueError:
        host = None
    return "Origin" in request.headers or host is None or not is_loopback(host)
