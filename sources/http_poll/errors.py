"""What a status or an exception of the network means to the runtime: the one place where they are translated."""

import ssl
from http import HTTPStatus

import aiohttp

from router.api import ConnectorError, Reason

_BY_STATUS = {
    401: Reason.CREDENTIAL_REFUSED,
    403: Reason.PERMISSION_DENIED,
    404: Reason.TARGET_MISSING,
    408: Reason.TARGET_TIMEOUT,
    410: Reason.TARGET_MISSING,
    425: Reason.TARGET_BUSY,
    429: Reason.RATE_LIMITED,
}
_FIXES = {
    Reason.CREDENTIAL_REFUSED: "See whether the secret of `auth` is still valid.",
    Reason.PERMISSION_DENIED: "Give the credential the right to read this path.",
    Reason.TARGET_MISSING: "See `base_url` and the stream's `path`.",
    Reason.CONFIG_INVALID: "See the stream's `path`, `params`, `cursor` and `pagination`.",
}
_FIRST_ERROR, _FIRST_SERVER_ERROR = 400, 500

# The first that matches, so from the special to the general.
_REASONS: tuple[tuple[type[Exception], Reason, str], ...] = (
    (TimeoutError, Reason.TARGET_TIMEOUT, "did not answer in time"),
    (aiohttp.ClientConnectorDNSError, Reason.TARGET_UNREACHABLE, "has a name that cannot be resolved"),
    (aiohttp.ClientConnectorCertificateError, Reason.TARGET_UNREACHABLE, "has a certificate that is not trusted"),
    (aiohttp.ClientSSLError, Reason.TARGET_UNREACHABLE, "does not speak TLS as it should"),
    (ssl.SSLError, Reason.TARGET_UNREACHABLE, "does not speak TLS as it should"),
    (aiohttp.ClientConnectorError, Reason.TARGET_UNREACHABLE, "cannot be connected to"),
    (aiohttp.ClientPayloadError, Reason.TARGET_UNREACHABLE, "ended its answer too early"),
    (aiohttp.ClientError, Reason.TARGET_UNREACHABLE, "broke the connection"),
    (OSError, Reason.TARGET_UNREACHABLE, "broke the connection"),
)
NETWORK_ERRORS = tuple(kind for kind, _, _ in _REASONS)


def of_exception(error: Exception, what: str) -> ConnectorError:
    """The error in the runtime's words. Its own text is left out: it may repeat what was sent."""
    reason, told = next((reason, told) for kind, reason, told in _REASONS if isinstance(error, kind))
    return ConnectorError(reason, f"{what}: the server {told} ({type(error).__name__}).")


def of_status(status: int, what: str, retry_after_seconds: float | None) -> ConnectorError | None:
    """The error that a status stands for; None if it is none."""
    if status < _FIRST_ERROR:
        return None
    reason = Reason.TARGET_5XX if status >= _FIRST_SERVER_ERROR else _BY_STATUS.get(status, Reason.CONFIG_INVALID)
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "unknown"
    message = f"{what}: the API answered {status} ({phrase})."
    return ConnectorError(reason, message, fix=_FIXES.get(reason), retry_after_seconds=retry_after_seconds)
