"""The endpoint that the pipeline delivers to: it verifies, counts, and refuses a currency until it is repaired."""

from collections import Counter
from http import HTTPStatus
from types import TracebackType
from typing import Self

import orjson
from aiohttp import web

from router.api import ConnectorError, Reason
from router.dev.endpoints import HOST
from router.dev.example import signing
from router.dev.example.events import REFUSED_CURRENCY

PATH = "/events"


class Receiver:
    """Serves while its context lasts. accepted: how many requests each event's id was accepted with."""

    def __init__(self, port: int, secret: str) -> None:
        self._port = port
        self._secret = secret
        self._knows_currency = False
        self.accepted: Counter[str] = Counter()
        application = web.Application()
        application.router.add_post(PATH, self._receive)
        self._runner = web.AppRunner(application, access_log=None)

    def repair(self) -> None:
        """Deploy the version that knows the currency."""
        self._knows_currency = True

    async def __aenter__(self) -> Self:
        """Listen. Raises ConnectorError (PORT_IN_USE)."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            message = f"The receiver's port {HOST}:{self._port} cannot be opened ({error.strerror})."
            raise ConnectorError(Reason.PORT_IN_USE, message, fix="Choose another one with --receiver-port.") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = request.headers
        identifier, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        expected = signing.standard_webhooks(self._secret, identifier, timestamp, body)
        if headers.get("webhook-signature") != expected:
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        if _currency(body) == REFUSED_CURRENCY and not self._knows_currency:
            return web.Response(status=HTTPStatus.UNPROCESSABLE_ENTITY)
        self.accepted[headers.get("ce-id", "")] += 1
        return web.Response(status=HTTPStatus.OK)


def _currency(body: bytes) -> object:
    """The order's currency; None for what is no order, the user's own events included."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    data = content.get("data") if isinstance(content, dict) else None
    return data.get("currency") if isinstance(data, dict) else None
