"""A real server that behaves as APIs do, and misbehaves as they do."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(document: Any, **headers: str) -> web.Response:
    """A document in JSON; header names with `_` for `-`."""
    return web.json_response(document, headers={name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class Api:
    """Items, sorted by what a request's `sort` says, in pages; `faults` are served before anything else, in order."""

    items: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Handler] = field(default_factory=list)
    requests: list[web.BaseRequest] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    valid_token: str | None = None
    before_page: Callable[[int], None] = lambda _number: None
    url: str = ""

    async def items_page(self, request: web.Request) -> web.StreamResponse:
        """`since`, `page`, `offset`, `token`, `size`."""
        self.requests.append(request)
        if self.faults:
            return await self.faults.pop(0)(request)
        if self.valid_token is not None and request.headers.get("Authorization") != f"Bearer {self.valid_token}":
            return web.Response(status=401)
        query: dict[str, Any] = dict(request.query) | (await request.json() if request.method == "POST" else {})
        size = int(query.get("size", 1000))
        page = int(query.get("page", 1))
        self.before_page(page)
        chosen = [item for item in self.items if "since" not in query or item["updated"] >= query["since"]]
        start = int(query["offset"]) if "offset" in query else int(query.get("token", (page - 1) * size))
        document: dict[str, Any] = {"items": chosen[start : start + size], "total": len(chosen)}
        headers = {}
        if start + size < len(chosen):
            document["next"] = str(start + size)
            following = request.url.update_query({"page": str(page + 1)})
            headers["Link"] = f'<{following}>; rel="next"'
        return answer(document, **headers)

    async def token(self, request: web.Request) -> web.StreamResponse:
        """OAuth 2.0 client credentials."""
        form = await request.post()
        self.tokens.append(json.dumps({**form, "header": request.headers.get("Authorization")}))
        self.valid_token = f"token-{len(self.tokens)}"
        return answer({"access_token": self.valid_token, "token_type": "bearer", "expires_in": 3600})


def status(code: int, **headers: str) -> Handler:
    """A fault: this status."""

    async def serve(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return serve


def text(content: str, **headers: str) -> Handler:
    """A fault: an answer with this body."""

    async def serve(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=content, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return serve


async def drop(request: web.Request) -> web.StreamResponse:
    """A fault: the connection ends in the middle of the body."""
    response = web.StreamResponse(headers={"content-length": "1000"})
    await response.prepare(request)
    await response.write(b'{"items": [')
    if request.transport is not None:
        request.transport.abort()
    return response


async def never(_request: web.Request) -> web.StreamResponse:
    """A fault: no answer."""
    await asyncio.Event().wait()
    return web.Response()


@asynccontextmanager
async def serve_api(**changes: Any) -> AsyncIterator[Api]:
    """The API while the context lasts, on a port of its own."""
    api = Api(**changes)
    application = web.Application()
    application.router.add_route("*", "/items", api.items_page)
    application.router.add_post("/token", api.token)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    api.url = f"http://{host}:{port}"
    try:
        yield api
    finally:
        await runner.cleanup()


def item(number: int, updated: int, **more: Any) -> dict[str, Any]:
    """An item that was changed so many seconds after ten o'clock."""
    return {"id": number, "updated": f"2026-01-01T10:{updated // 60:02}:{updated % 60:02}Z"} | more
