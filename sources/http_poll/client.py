"""Asks the API: authenticated, at the pace that it allows, and answered in JSON."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from yarl import URL

from router.api import ConnectorError, Reason
from sources.http_poll import exact_json
from sources.http_poll.auth_config import ApiKeyAuth, ClientCredentialsAuth
from sources.http_poll.authentication import Authentication, ClientCredentials, Fixed
from sources.http_poll.config import HttpPollConfig, StreamConfig
from sources.http_poll.errors import of_status
from sources.http_poll.rate_limit import retry_after, seconds_until_allowed
from sources.http_poll.tokens import TokenEndpoint
from sources.http_poll.transport import Answer, Transport, is_same_server, open_transport

_UNAUTHORIZED = 401
_SAYS_WHEN = (429, 503)
_MAX_WAITS = 3
_MAX_SECONDS_UNTIL_RENEWED = 3600


class Page(NamedTuple):
    """A parsed answer. next_link: of its Link header, without credentials."""

    document: Any
    body: bytes
    next_link: str | None


class Client:
    """One API."""

    def __init__(self, config: HttpPollConfig, transport: Transport, authentication: Authentication) -> None:
        self._config = config
        self._base = URL(config.base_url.rstrip("/"), encoded=True)
        self._transport = transport
        self._authentication = authentication
        self._not_before = 0.0

    async def get(
        self, name: str, stream: StreamConfig, params: Mapping[str, str | int], link: str | None = None
    ) -> Page:
        """The page of a stream that the parameters, or a link of the page before, ask for. Raises ConnectorError."""
        what = f"Stream {name}, {stream.method} {stream.path}"
        url = URL(link, encoded=True) if link else URL(f"{self._base}{stream.path}", encoded=True)
        if not is_same_server(url, self._base):
            message = f"{what}: the next page is on another server, which is not followed."
            raise ConnectorError(Reason.SCOPE_EXCEEDED, message)
        answer = await self._allowed(stream, url, {} if link else params, what)
        try:
            document = exact_json.parse(answer.body)
        except ValueError:
            message = f"{what}: the answer is not JSON."
            raise ConnectorError(Reason.PAYLOAD_MALFORMED, message, fix="See `base_url` and `path`.") from None
        return Page(document, answer.body, self._without_key(answer.next_link))

    async def _allowed(self, stream: StreamConfig, url: URL, params: Mapping[str, str | int], what: str) -> Answer:
        """The answer, after as many short waits as the API asks for."""
        waits = 0
        while True:
            await self._wait(what)
            answer = await self._authenticated(stream, url, params, what)
            now = time.time()
            self._hold(seconds_until_allowed(answer.headers, now))
            asked = retry_after(answer.headers, now) if answer.status in _SAYS_WHEN else None
            self._hold(asked)
            error = of_status(answer.status, what, asked)
            if error is None:
                return answer
            if asked is None or asked > self._config.max_wait_seconds or waits == _MAX_WAITS:
                raise error
            waits += 1

    async def _wait(self, what: str) -> None:
        seconds = self._not_before - time.monotonic()
        if seconds > self._config.max_wait_seconds:
            message = f"{what}: the API takes no more requests for {seconds:.0f} seconds."
            raise ConnectorError(Reason.RATE_LIMITED, message, retry_after_seconds=seconds)
        if seconds > 0:
            await asyncio.sleep(seconds)

    def _hold(self, seconds: float | None) -> None:
        if seconds is not None:
            self._not_before = max(self._not_before, time.monotonic() + min(seconds, _MAX_SECONDS_UNTIL_RENEWED))

    async def _authenticated(
        self, stream: StreamConfig, url: URL, params: Mapping[str, str | int], what: str
    ) -> Answer:
        answer, credential = await self._once(stream, url, params, what)
        if answer.status == _UNAUTHORIZED and self._authentication.renew(credential):
            answer, _ = await self._once(stream, url, params, what)
        return answer

    async def _once(
        self, stream: StreamConfig, url: URL, params: Mapping[str, str | int], what: str
    ) -> tuple[Answer, str | None]:
        headers: dict[str, str] = {}
        query: dict[str, str] = {}
        await self._authentication.add_to(headers, query)
        if stream.method == "GET":
            query |= {key: str(value) for key, value in params.items()}
            content: dict[str, Any] = {}
        else:
            content = {"json": stream.body | dict(params)}
        asked = url.update_query(query) if query else url
        answer = await self._transport.exchange(stream.method, asked, what, headers=headers, **content)
        return answer, headers.get("Authorization")

    def _without_key(self, link: URL | None) -> str | None:
        """The link as it may be kept in a checkpoint: APIs repeat the key that they were asked with."""
        auth = self._config.auth
        if link is not None and isinstance(auth, ApiKeyAuth) and auth.place == "query" and auth.name in link.query:
            link = link.without_query_params(auth.name)
        return None if link is None else str(link)


@asynccontextmanager
async def open_client(config: HttpPollConfig) -> AsyncIterator[Client]:
    """A client while the context lasts."""
    async with open_transport(config) as transport:
        authentication: Authentication = Fixed(config.auth)
        if isinstance(config.auth, ClientCredentialsAuth):
            ask = TokenEndpoint(transport).ask
            authentication = ClientCredentials(config.auth, ask, time.monotonic)
        yield Client(config, transport, authentication)
