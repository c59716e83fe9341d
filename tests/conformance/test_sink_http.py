"""The HTTP sink keeps what it declares, against a real receiver."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import pytest
from aiohttp import web

from router.testing.conformance.at_least_once import Arrival, AtLeastOnceClaims, SinkTarget
from sinks.http import connector
from tests.unit.sinks.examples import SIGNING_SECRET

_CLOSED = "http://127.0.0.1:1/in"


class Receiver(SinkTarget):
    """An endpoint on a port of its own, which keeps the headers of what it was posted."""

    def __init__(self) -> None:
        self.secrets = {"${env:SIGNING_SECRET}": SIGNING_SECRET}
        self._url = ""
        self._posted: list[Mapping[str, str]] = []
        app = web.Application(client_max_size=2**30)
        app.router.add_post("/in", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/in"
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._runner.cleanup()

    @property
    def config(self) -> Mapping[str, Any]:
        return {"url": self._url, "signing_secret": "${env:SIGNING_SECRET}"}

    @property
    def away(self) -> Mapping[str, Any]:
        return {**self.config, "url": _CLOSED}

    async def arrived(self) -> Sequence[Arrival]:
        return [Arrival(headers["ce-id"], headers["idempotency-key"]) for headers in self._posted]

    async def _take(self, request: web.Request) -> web.Response:
        await request.read()
        self._posted.append(request.headers)
        return web.Response(status=204)


class TestHttp(AtLeastOnceClaims):
    connector = connector

    @pytest.fixture
    def target(self) -> SinkTarget:
        return Receiver()
