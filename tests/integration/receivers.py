"""A pipeline from a webhook to an HTTP endpoint as a process, and the small servers that it talks to."""

import asyncio
import base64
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from router.dev.endpoints import Endpoints
from tests.faults.process import Process

_KEY = b"k" * 32
BODY = b'{"type": "order", "card": "4111-1111"}'
SECRET = "whsec_" + base64.b64encode(_KEY).decode()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Received:
    """What a server was sent: paths, headers and bodies, in order.

    statuses: its next answers; 200 after them. hangs: it never answers.
    """

    url: str = ""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    hangs: bool = False

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.path, headers, await request.read()))
        if self.hangs:
            await asyncio.Event().wait()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@asynccontextmanager
async def server() -> AsyncIterator[Received]:
    """A server that takes whatever is posted to it."""
    received = Received()
    app = web.Application()
    app.router.add_post("/{path:.*}", received.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        received.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield received
    finally:
        await runner.cleanup()


@dataclass
class Pipeline:
    """`router run` with a webhook, a topic and an HTTP sink."""

    name: str
    port: int
    admin: int
    process: Process
    log: Path

    @property
    def topic(self) -> str:
        return f"{self.name}.v1"

    async def send(
        self, event_id: str, traceparent: str | None = None, *, key: bytes = _KEY, body: bytes = BODY
    ) -> tuple[int, str]:
        """Send a signed event; returns the status and the answer's `traceparent`."""
        timestamp = str(int(time.time()))
        digest = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, "sha256")
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": "v1," + base64.b64encode(digest).decode(),
            "content-type": "application/json",
        }
        if traceparent is not None:
            headers["traceparent"] = traceparent
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{self.port}/hooks", data=body, headers=headers) as answer,
        ):
            return answer.status, answer.headers["traceparent"]

    async def metric(self, name: str) -> float:
        """The sum of a metric's samples."""
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.admin}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    async def stop(self) -> None:
        """Let it end in good order, while the servers of the test still answer it."""
        await asyncio.to_thread(self.process.stop)

    async def is_ready(self) -> bool:
        self.process.check()
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.admin}/readyz") as answer,
            ):
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def pipeline(
    stack: Endpoints,
    name: str,
    directory: Path,
    target: str,
    sections: dict[str, Any],
    sources: dict[str, Any] | None = None,
) -> AsyncIterator[Pipeline]:
    """The pipeline while it runs, ready. sections, sources: more of its configuration."""
    topic, port, admin, log = f"{name}.v1", free_port(), free_port(), directory / "log"
    secret = "${env:HOOK_SECRET}"
    config: dict[str, Any] = {
        "name": name,
        "kafka": {"bootstrap_servers": stack.bootstrap_servers, "registry_url": stack.registry_url},
        "ingress": {"port": port},
        "admin": {"port": admin},
        "sources": {
            "hooks": {
                "connector": "webhook",
                "scopes": {"topics": [topic], "secrets": [secret]},
                "config": {"path": "/hooks", "verify": {"scheme": "standard_webhooks", "secrets": [secret]}},
                "routes": [{"topic": topic}],
            }
        },
        "sinks": {
            "out": {
                "connector": "http",
                "topics": [topic],
                "scopes": {"topics": [topic], "secrets": [secret], "hosts": [target.split("/")[2]]},
                "config": {"url": f"{target}/in?token=hidden", "signing_secret": secret},
                "delivery": {"retry": {"initial_seconds": 0.05, "max_seconds": 0.1}},
            }
        },
    }
    config["sources"] |= sources or {}
    config |= sections
    path = directory / "pipeline.yaml"
    path.write_text(json.dumps(config))
    process = Process("run", path, {"HOOK_SECRET": SECRET, "OTEL_BSP_SCHEDULE_DELAY": "200"}, log)
    process.start()
    running = Pipeline(name, port, admin, process, log)
    try:
        while not await running.is_ready():  # noqa: ASYNC110  it is another process
            await asyncio.sleep(0.1)
        yield running
        process.check()
    finally:
        process.abandon()


async def until(condition: Callable[[], object]) -> None:
    """Wait for the condition; the test's own limit ends the wait."""
    while not condition():  # noqa: ASYNC110  it is about another process
        await asyncio.sleep(0.05)
