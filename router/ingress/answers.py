"""What a sender is told: short JSON, never a traceback, and nothing that helps to probe for endpoints."""

import orjson
from aiohttp import web

from router.api import ConnectorError, ErrorClass
from router.ingress.trace import trace_id

_JSON = "application/json"
_RETRY_AFTER_SECONDS = 5
_UNAUTHENTICATED = ("UNAUTHENTICATED", "The request is not authenticated for this path.")
_INTERNAL = ("INTERNAL_BUG", "An unforeseen error; nothing was accepted. Send the event again.")
_SERVICE_UNAVAILABLE = 503


def accepted(parent: str, count: int) -> web.Response:
    """202: the events are durable."""
    body = b'{"accepted":%d,"trace_id":"%s"}' % (count, trace_id(parent).encode())
    return web.Response(body=body, status=202, content_type=_JSON, headers={"traceparent": parent})


def refused(error: ConnectorError, parent: str) -> web.Response:
    """The status of the taxonomy.

    Whatever is wrong with a signature, and a path without an endpoint, is answered alike; the metrics and the log
    have the reason.
    """
    status = error.spec.http_status
    if error.error_class is ErrorClass.AUTH_FAILED:
        reason, message = _UNAUTHENTICATED
    elif error.error_class in (ErrorClass.CONFIG, ErrorClass.INTERNAL_BUG, ErrorClass.PERMISSION, ErrorClass.FENCED):
        # Ours to mend: the sender learns that nothing was accepted, not why.
        return internal(parent)
    else:
        reason, message = str(error.reason), error.message
    response = _error(status, reason, message, parent)
    if status == _SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    return response


def internal(parent: str) -> web.Response:
    """500: an error of ours."""
    return _error(500, *_INTERNAL, parent)


def _error(status: int, reason: str, message: str, parent: str) -> web.Response:
    body = orjson.dumps({"error": {"reason": reason, "message": message, "trace_id": trace_id(parent)}})
    return web.Response(body=body, status=status, content_type=_JSON, headers={"traceparent": parent})
