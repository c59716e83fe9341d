"""A REST API whose collection grows, and the endpoint that its records are to reach."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from router.dev.endpoints import HOST

ITEMS_A_SECOND = 40
_PAGE = 500


class Api:
    """`GET /items?since=N` gives the items from number N on; only the two newest tokens are accepted.

    refused: requests with another token. count: items there are.
    """

    def __init__(self, token: str) -> None:
        self._tokens = [token]
        self._started = time.monotonic()
        self._stopped: float | None = None
        self.refused = 0

    @property
    def count(self) -> int:
        """How many items there are by now."""
        until = self._stopped or time.monotonic()
        return int((until - self._started) * ITEMS_A_SECOND)

    def rotate(self, token: str) -> None:
        """Accept another token; the one before the last is no longer good."""
        self._tokens = [self._tokens[-1], token]

    def stop_growing(self) -> None:
        """There will be no more items."""
        self._stopped = time.monotonic()

    async def items(self, request: web.BaseRequest) -> web.Response:
        """A page of items, ascending."""
        if request.headers.get("Authorization") not in [f"Bearer {token}" for token in self._tokens]:
            self.refused += 1
            return web.json_response({"error": "unauthorized"}, status=401)
        first = int(request.query.get("since", "0"))
        page = [{"number": number} for number in range(first, min(self.count, first + _PAGE))]
        return web.json_response({"items": page})


class Endpoint:
    """Takes what is posted to it. arrived: how often each item was, by its number."""

    def __init__(self) -> None:
        self.arrived: Counter[int] = Counter()

    async def take(self, request: web.BaseRequest) -> web.Response:
        """Accept an event."""
        content = await request.text()
        self.arrived[int(content.removeprefix('{"number":').removesuffix("}"))] += 1
        return web.Response(status=204)


@asynccontextmanager
async def listening(api: Api, endpoint: Endpoint, port: int) -> AsyncIterator[None]:
    """Both on one port while the context lasts."""

    async def serve(request: web.BaseRequest) -> web.Response:
        return await (api.items(request) if request.path == "/items" else endpoint.take(request))

    runner = web.ServerRunner(web.Server(serve, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        yield
    finally:
        await runner.cleanup()
