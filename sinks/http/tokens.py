"""Asks an OAuth 2.0 server for access tokens, and keeps them: https://datatracker.ietf.org/doc/html/rfc6749#section-5."""

import asyncio
import base64
import json
import re
import time
from http import HTTPStatus
from urllib.parse import quote_plus, urlencode

from router.api import ConnectorError, Reason
from sinks.http.answer import Answer
from sinks.http.auth import ClientCredentials
from sinks.http.client import Client
from sinks.http.outcome import retry_after

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_DEFAULT_SECONDS = 300.0
_MAX_SECONDS = 86_400.0
_KEPT_PART = 0.9
_FIX = "See `auth`: whether `token_url`, `client_id`, `client_secret` and `scope` are right."


class Tokens:
    """The token of one endpoint, shared by all its requests."""

    def __init__(self, config: ClientCredentials, client: Client) -> None:
        """Raises ConnectorError (SECRET_NOT_FOUND …), so that a bad secret is found at the start."""
        self._config = config
        self._client = client
        self._header: str | None = None
        self._valid_until = 0.0
        self._asking: asyncio.Task[str] | None = None
        config.client_secret.reveal()

    async def header(self) -> str:
        """The value of `authorization`; a token is asked for if there is none that is valid for some time yet.

        Raises ConnectorError, never one that an event could be blamed for: CREDENTIAL_REFUSED, RATE_LIMITED,
        TARGET_REDIRECTED, TARGET_5XX, or as the client and `Secret.reveal`.
        """
        current = self._current()
        if current is not None:
            return current
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(self._asked)
        # Whoever needs one meanwhile gets the same, be it a token or an error.
        return await asyncio.shield(self._asking)

    def refused(self, header: str) -> None:
        """The endpoint does not take it: another one is asked for, unless somebody has done so."""
        if self._header == header:
            self._header = None

    def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()

    def _asked(self, task: asyncio.Task[str]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # those who waited have it; perhaps nobody does any more

    def _current(self) -> str | None:
        return self._header if time.monotonic() < self._valid_until else None

    async def _ask(self) -> str:
        headers, form = self._request()
        asked_at = time.monotonic()
        answer = await self._client.post(headers, urlencode(form).encode("ascii"), keep_body=True)
        error = _error(answer)
        if error is not None:
            raise error
        token, seconds = _granted(answer.body)
        # A tenth earlier, since requests take their time too.
        self._valid_until = asked_at + seconds * _KEPT_PART
        self._header = f"Bearer {token}"
        return self._header

    def _request(self) -> tuple[dict[str, str], dict[str, str]]:
        config = self._config
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        form = {"grant_type": "client_credentials"}
        form |= {name: value for name, value in (("scope", config.scope), ("audience", config.audience)) if value}
        secret = config.client_secret.reveal()
        if config.client_auth == "body":
            form |= {"client_id": config.client_id, "client_secret": secret}
        else:
            # RFC 6749, section 2.3.1: both are encoded as in a form before they are joined.
            both = f"{quote_plus(config.client_id)}:{quote_plus(secret)}"
            headers["authorization"] = "Basic " + base64.b64encode(both.encode("ascii")).decode()
        return headers, form


def _error(answer: Answer) -> ConnectorError | None:
    """What the status means; never that an event is refused, or was there already."""
    status, seconds = answer.status, retry_after(answer.headers, time.time())
    message = f"The token endpoint answered {status}."
    match status // 100:
        case 2:
            return None
        case 3:
            return ConnectorError(Reason.TARGET_REDIRECTED, message, fix=_FIX)
        case 4 if status not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT):
            return ConnectorError(Reason.CREDENTIAL_REFUSED, message, fix=_FIX)
    limited = status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and seconds)
    reason = Reason.RATE_LIMITED if limited else Reason.TARGET_5XX
    return ConnectorError(reason, message, retry_after_seconds=seconds)


def _granted(body: bytes) -> tuple[str, float]:
    try:
        granted = json.loads(body)
        token, kind = granted["access_token"], granted.get("token_type", "bearer")
        seconds = float(granted.get("expires_in", _DEFAULT_SECONDS))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        token, kind, seconds = None, "", 0.0
    if not isinstance(token, str) or not _TOKEN.fullmatch(token) or str(kind).lower() != "bearer":
        # Without the cause: it may repeat what was granted.
        raise ConnectorError(Reason.CREDENTIAL_REFUSED, "The token endpoint gave no bearer token.", fix=_FIX)
    return token, min(seconds, _MAX_SECONDS)
