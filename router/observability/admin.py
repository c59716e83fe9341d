"""The port for machines that watch: `/metrics`, `/livez`, `/readyz`."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from router.api import ConnectorError, Reason
from router.observability.metrics import READY, REGISTRY

Readiness = Callable[[], dict[str, str]]
"""What is not ready, by name; empty when all is well."""


class AdminServer:
    """Serves until closed. Liveness says only that the process answers: it must not depend on Kafka."""

    def __init__(self, host: str, port: int, readiness: Readiness) -> None:
        self._host = host
        self._port = port
        self._readiness = readiness
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/livez", self._livez)
        application.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(application, access_log=None)

    async def start(self) -> None:
        """Listen. Raises ConnectorError (PORT_IN_USE)."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            message = f"The admin port {self._host}:{self._port} cannot be opened ({error.strerror})."
            raise ConnectorError(Reason.PORT_IN_USE, message, fix="Set `admin.port` to a free port.") from error

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _metrics(self, _request: web.Request) -> web.Response:
        READY.set(not self._readiness())
        return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _livez(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        waiting = self._readiness()
        return web.json_response(
            {"status": "waiting" if waiting else "ready", "waiting": waiting}, status=503 if waiting else 200
        )
