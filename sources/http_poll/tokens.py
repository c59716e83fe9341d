"""Asks an OAuth 2.0 server for an access token (RFC 6749, section 5)."""

import json
import re
import time

from yarl import URL

from router.api import ConnectorError, Reason
from sources.http_poll.errors import of_status
from sources.http_poll.rate_limit import retry_after
from sources.http_poll.transport import Transport

_WHAT = "The token endpoint"
_TOKEN = re.compile(r"[\x21-\x7e]+")
_DEFAULT_SECONDS = 300.0
_REFUSED = (400, 401, 403)


class TokenEndpoint:
    """Where tokens are given."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def ask(self, url: str, form: dict[str, str], authorization: str | None) -> tuple[str, float]:
        """A token, and for how many seconds it is valid. Raises ConnectorError."""
        headers = {"Authorization": authorization} if authorization else {}
        answer = await self._transport.exchange("POST", URL(url, encoded=True), _WHAT, data=form, headers=headers)
        if answer.status in _REFUSED:
            message = f"{_WHAT} answered {answer.status}."
            fix = "See whether `client_id`, `client_secret` and `scope` are right."
            raise ConnectorError(Reason.CREDENTIAL_REFUSED, message, fix=fix)
        error = of_status(answer.status, _WHAT, retry_after(answer.headers, time.time()))
        if error is not None:
            raise error
        return _token(answer.body)


def _token(body: bytes) -> tuple[str, float]:
    try:
        granted = json.loads(body)
        token = granted["access_token"]
        seconds = float(granted.get("expires_in", _DEFAULT_SECONDS))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        token, seconds = None, 0.0
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        message = f"{_WHAT} gave no access token."
        # Without the cause: it may repeat what was granted.
        raise ConnectorError(Reason.PAYLOAD_MALFORMED, message, fix="See `token_url`.")
    return token, seconds
