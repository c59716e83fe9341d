"""One exchange with a server: capped, timed, encrypted where asked for, and never led to another host."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from router.api import ConnectorError, Egress, Reason
from sources.http_poll.config import HttpPollConfig
from sources.http_poll.errors import NETWORK_ERRORS, of_exception
from sources.http_poll.resolving import guarded

_MAX_REDIRECTS = 5
_CHUNK_BYTES = 65_536
_KEEPING_METHOD = (307, 308)
_REDIRECTS = (301, 302, 303, 307, 308)


class Answer(NamedTuple):
    """An answer with its whole body. url: where it came from at last."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: URL
    next_link: URL | None


class Transport:
    """Sends requests through one session."""

    def __init__(self, session: aiohttp.ClientSession, egress: Egress, max_bytes: int) -> None:
        self._session = session
        self._egress = egress
        self._max_bytes = max_bytes

    async def exchange(self, method: str, url: URL, what: str, **content: Any) -> Answer:
        """The answer, after redirects within the host. Raises ConnectorError; `what` begins its message."""
        for _ in range(_MAX_REDIRECTS):
            self._egress.check_literal(url.host or "", url.port or 0)
            try:
                async with self._session.request(method, url, allow_redirects=False, **content) as response:
                    location = response.headers.get("Location")
                    if response.status not in _REDIRECTS or location is None:
                        body = await self._body(response, what)
                        following = response.links.get("next")
                        link = None if following is None else following.get("url")
                        next_link = link if isinstance(link, URL) else None
                        return Answer(response.status, response.headers, body, url, next_link)
                    url = redirected(url, location, what)
                    if method != "GET" and response.status not in _KEEPING_METHOD:
                        raise ConnectorError(Reason.TARGET_REDIRECTED, f"{what}: a {method} was redirected to a GET.")
            except NETWORK_ERRORS as error:
                # Without the cause: its text has the address, in which there may be a key.
                raise of_exception(error, what) from None
        raise ConnectorError(Reason.TARGET_REDIRECTED, f"{what}: more than {_MAX_REDIRECTS} redirects.")

    async def _body(self, response: aiohttp.ClientResponse, what: str) -> bytes:
        parts, size = [], 0
        async for part in response.content.iter_chunked(_CHUNK_BYTES):
            size += len(part)
            if size > self._max_bytes:
                message = f"{what}: the answer is larger than {self._max_bytes} bytes."
                fix = "Ask for smaller pages with `pagination.size`, or raise `max_response_bytes`."
                raise ConnectorError(Reason.PAYLOAD_TOO_LARGE, message, fix=fix)
            parts.append(part)
        return b"".join(parts)


def redirected(url: URL, location: str, what: str) -> URL:
    """Where a redirect leads. Raises ConnectorError (TARGET_REDIRECTED) if that is another server."""
    try:
        target = url.join(URL(location, encoded=True))
    except ValueError:
        raise ConnectorError(Reason.TARGET_REDIRECTED, f"{what}: redirected to what is no address.") from None
    if not is_same_server(url, target):
        message = f"{what}: redirected to another server, which is not followed."
        raise ConnectorError(Reason.TARGET_REDIRECTED, message, fix="Configure the address that it now has.")
    # What the first address had in its query is in the new one if the server wanted it there.
    return target


def is_same_server(one: URL, other: URL) -> bool:
    """Whether both are reached by the same scheme, host and port."""
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


@asynccontextmanager
async def open_transport(config: HttpPollConfig) -> AsyncIterator[Transport]:
    """A transport while the context lasts. It uses no proxies of the environment and keeps no cookies."""
    timeout = aiohttp.ClientTimeout(total=config.timeout_seconds, connect=config.connect_timeout_seconds)
    async with aiohttp.ClientSession(
        connector=guarded(config.egress),
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"accept": "application/json", "user-agent": "northfield-con"} | config.headers,
    ) as session:
        yield Transport(session, config.egress, config.max_response_bytes)
