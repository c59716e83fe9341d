"""What an answer means to the runtime."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from router.api import ConnectorError, Reason

MAX_RETRY_AFTER_SECONDS = 3_600
_MAX_DIGITS = 9

_REASONS: dict[int, Reason] = {
    HTTPStatus.UNAUTHORIZED: Reason.CREDENTIAL_REFUSED,
    HTTPStatus.FORBIDDEN: Reason.PERMISSION_DENIED,
    HTTPStatus.NOT_FOUND: Reason.TARGET_MISSING,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: Reason.CREDENTIAL_REFUSED,
    HTTPStatus.REQUEST_TIMEOUT: Reason.TARGET_TIMEOUT,
    # Every request carries its idempotency key: a conflict means that the receiver has it.
    HTTPStatus.CONFLICT: Reason.ALREADY_PROCESSED,
    HTTPStatus.GONE: Reason.TARGET_GONE,
    HTTPStatus.TOO_EARLY: Reason.TARGET_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS: Reason.RATE_LIMITED,
}
_FIXES = {
    Reason.TARGET_GONE: "If the receiver is back, restart the sink: it goes on where it was. Else stop it.",
}
# What is in neither table is no answer to a POST: the server is at fault.
_BY_CLASS = {3: Reason.TARGET_REDIRECTED, 4: Reason.TARGET_REJECTED}


def outcome(status: int, headers: Mapping[str, str], now: float) -> ConnectorError | None:
    """The error that a status means, or None where the event was accepted.

    headers: of the answer, names in lower case. now: seconds since the epoch, for a Retry-After that is a date.
    """
    if status // 100 == 2:  # noqa: PLR2004  the class of success
        return None
    seconds = retry_after(headers, now)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and seconds is not None:
        reason = Reason.RATE_LIMITED
    else:
        reason = _REASONS.get(status) or _BY_CLASS.get(status // 100, Reason.TARGET_5XX)
    waits = reason in (Reason.RATE_LIMITED, Reason.TARGET_5XX, Reason.TARGET_TIMEOUT)
    return ConnectorError(
        reason,
        f"The endpoint answered {status}.",
        fix=_FIXES.get(reason),
        retry_after_seconds=seconds if waits else None,
    )


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds, from a number of them or from an HTTP date; None if there is neither."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:_MAX_DIGITS]), MAX_RETRY_AFTER_SECONDS))
    try:
        date = parsedate_to_datetime(value)
        # By RFC 9110 a date is in GMT, also where it does not say so.
        seconds = date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return min(max(seconds, 0.0), float(MAX_RETRY_AFTER_SECONDS))
