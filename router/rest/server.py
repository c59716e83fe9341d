"""The API as a part of a process."""

import asyncio
from http import HTTPStatus

import structlog
from aiohttp import http_parser, web
from aiohttp.web_protocol import RequestHandler

from router.api import ConnectorError, Reason
from router.config.loaded import Loaded
from router.config.models import ApiSettings
from router.kafka.topics import Topics
from router.rest.access import Access
from router.rest.answers import RestError, error
from router.rest.audit import open_audit
from router.rest.cluster import Cluster
from router.rest.dispatch import Dispatcher
from router.rest.table import routes
from router.runtime.topics import control_topics, ensure, fetching_topics

_log = structlog.get_logger("router.rest")
_DRAIN_SECONDS = 5.0


class _Connection(RequestHandler):
    """aiohttp's, but that bytes which are no request are answered like everything else that is wrong."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  aiohttp's repeats what was sent, which may be a token
    ) -> web.StreamResponse:
        """The answer to what could not be parsed, after which the connection is closed."""
        _log.warning("not a request", remote=request.remote, status=status, error=type(exc).__name__)
        if request.writer.output_size > 0:
            sent = "an answer has been begun"
            raise ConnectionError(sent)
        response = error(RestError(status, f"HTTP {status} {HTTPStatus(status).phrase}"))
        response.force_close()
        return response


class _Server(web.Server):
    """Makes such connections."""

    def __call__(self) -> _Connection:
        return _Connection(self, loop=self._loop, **self._kwargs)


class Api:
    """Serves the REST API of a configuration."""

    def __init__(self, loaded: Loaded) -> None:
        self._pipeline = loaded.pipeline
        self._settings = loaded.pipeline.api or ApiSettings()
        self._cluster = Cluster(loaded.pipeline)
        self._listens = False

    def waiting(self) -> dict[str, str]:
        """Why requests cannot be answered yet."""
        return {} if self._listens and self._cluster.is_ready else {"api": "starting"}

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set.

        Raises ConnectorError: PORT_IN_USE; CONFIG_INVALID if aiohttp lacks its C parser; SHUTDOWN if it was stopped
        before the topics were there.
        """
        pipeline, servers = self._pipeline, self._pipeline.kafka.bootstrap_servers
        await ensure(Topics(servers), control_topics(pipeline) | fetching_topics(pipeline, {}), stop)
        async with open_audit(servers, pipeline.name) as audit, self._cluster.following():
            table = routes(pipeline, self._cluster)
            dispatcher = Dispatcher(Access(self._settings.tokens), table, self._cluster, audit)
            runner = await self._listen(dispatcher)
            self._listens = True
            try:
                await stop.wait()
            finally:
                self._listens = False
                await runner.cleanup()

    async def _listen(self, dispatcher: Dispatcher) -> web.ServerRunner:
        if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
            message = "aiohttp runs without its C extension, whose parser is the one that refuses smuggled requests."
            raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Install aiohttp from a wheel.")
        runner = web.ServerRunner(_Server(dispatcher.answer, access_log=None), shutdown_timeout=_DRAIN_SECONDS)
        await runner.setup()
        host, port = self._settings.host, self._settings.port
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            await runner.cleanup()
            message = f"The API's port {host}:{port} cannot be opened ({error.strerror})."
            raise ConnectorError(Reason.PORT_IN_USE, message, fix="Set `api.port` to a free port.") from error
        return runner
