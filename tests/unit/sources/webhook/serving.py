"""A little server on this machine that gives keys or certificates, for the tests of what is fetched."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer


class Origin:
    """What the server answers with; `status` and `body` can be changed while it runs."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b""
        self.headers: dict[str, str] = {}
        self.paths: list[str] = []
        self.port = 0

    async def _answer(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        return web.Response(status=self.status, body=self.body, headers=self.headers)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Origin"]:
        """The server while the context lasts."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        async with TestServer(application, host="127.0.0.1") as server:
            self.port = server.port or 0
            yield self
