"""An HTTP endpoint of ours that remembers what was posted to it, and in which order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from router.dev.endpoints import HOST
from tests.faults.events import Place, digest, place_of


class Receiver:
    """Accepts everything. arrived: every request, repetitions included."""

    def __init__(self) -> None:
        self.arrived: list[tuple[Place, bytes]] = []
        self.places: set[Place] = set()

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[None]:
        """Listen while the context lasts."""
        runner = web.ServerRunner(web.Server(self._take, access_log=None))
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port).start()
            yield
        finally:
            await runner.cleanup()

    async def _take(self, request: web.BaseRequest) -> web.Response:
        content = await request.read()
        place = place_of(request.headers["ce-id"])
        self.arrived.append((place, digest(content)))
        self.places.add(place)
        return web.Response(status=204)
