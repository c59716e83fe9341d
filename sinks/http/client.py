"""Posts one message and reads the answer's status: the sink's way to the network."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiohttp
from yarl import URL

from sinks.http.errors import TRANSLATED, translate

MAX_ANSWER_BYTES = 65_536
# Shorter than the time after which common servers close a connection that nobody uses.
_KEEP_ALIVE_SECONDS = 4
_NOT_ADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Answer(NamedTuple):
    """The status, and the headers by lower-case names."""

    status: int
    headers: Mapping[str, str]


class Client:
    """Posts to one address. Redirects are not followed, proxies of the environment not used, cookies not kept."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = URL(url, encoded=True)

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Raises ConnectorError if there is no answer."""
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                await _drop_body(response)
                return Answer(response.status, {name.lower(): value for name, value in response.headers.items()})
        except TRANSLATED as error:
            raise translate(error) from error


@asynccontextmanager
async def open_client(url: str, timeout_seconds: float) -> AsyncIterator[Client]:
    """A client that keeps its connections open. timeout_seconds: for a whole request."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
        auto_decompress=False,
        skip_auto_headers=_NOT_ADDED,
        trust_env=False,
        raise_for_status=False,
    ) as session:
        yield Client(session, url)


async def _drop_body(response: aiohttp.ClientResponse) -> None:
    """Read the body away, so that the connection can be used again; close it if there is too much."""
    left = MAX_ANSWER_BYTES
    while left > 0 and (chunk := await response.content.readany()):
        left -= len(chunk)
    if left <= 0:
        response.close()
