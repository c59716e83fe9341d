"""Real HTTP endpoints on loopback for the HTTP sink, and a sink's settings for them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from router.api import ConnectorError, Egress
from sinks.http import connector
from sinks.http.config import HttpConfig
from sinks.http.sink import HttpSink
from tests.unit.sinks.examples import SIGNING_SECRET, batch, event, secret

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def config(url: str, egress: Egress | None = None, **changes: Any) -> HttpConfig:
    """A sink's settings. egress: default: what scopes with just the sink's host allow."""
    given = {"url": url, "signing_secret": secret(SIGNING_SECRET)} | changes
    scoped = frozenset(connector.hosts(HttpConfig.model_validate(given)))
    return HttpConfig.model_validate(given, context={"egress": egress or Egress(hosts=scoped)})


@asynccontextmanager
async def receiver(
    handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    """A receiver that answers with the handler, at the address that it yields."""
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls)
        await site.start()
        yield f"{'https' if tls else 'http'}://{host}:{runner.addresses[0][1]}/in"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def speaker(script: Script) -> AsyncIterator[str]:
    """A server that says what the script says, be it HTTP or not."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


async def read_request(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    await reader.readexactly(int(length.partition(b":")[2]))


def answering(answer: bytes) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)
        await writer.drain()

    return script


async def failure(sink: HttpSink) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await sink.write(batch([event(1)], 0))
    return caught.value


async def no_content(_request: web.Request) -> web.Response:
    return web.Response(status=204)
