"""Endpoints that are added, changed and removed while the ingress runs, on the real stack."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import aiohttp

from router.dev.endpoints import HOST, Endpoints
from tests.conftest import choose_ports
from tests.faults.configuration import PATH, SECRET_VARIABLE, postgres, whole
from tests.faults.events import SECRET, signed_headers
from tests.faults.process import Process

_PATIENCE_SECONDS = 60


class Line:
    """A running ingress and its configuration file."""

    def __init__(self, endpoints: Endpoints, run: str, directory: Path) -> None:
        port, admin_port, *_ = astuple(choose_ports())
        self.port: int = port
        self.content = whole(endpoints, run, postgres(endpoints, run), port=port, admin_port=admin_port)
        del self.content["sinks"]
        self.file = directory / "ingress.yaml"
        self.write(self.content)
        self.process = Process("ingress", self.file, {SECRET_VARIABLE: SECRET}, directory / "ingress.log")
        self.log = directory / "ingress.log"

    def write(self, content: dict[str, Any]) -> None:
        self.file.write_text(json.dumps(content))

    def endpoint(self, path: str) -> dict[str, Any]:
        source: dict[str, Any] = self.content["sources"]["hooks"]
        return source | {"config": source["config"] | {"path": path}}

    async def status(self, session: aiohttp.ClientSession, path: str) -> int:
        """The answer to a good event; 0 if nobody answers."""
        body = b'{"key":"k"}'
        headers = signed_headers(f"e{time.monotonic_ns()}", body, time.time())
        try:
            async with session.post(f"http://{HOST}:{self.port}{path}", data=body, headers=headers) as answer:
                return answer.status
        except aiohttp.ClientError:
            return 0

    async def becomes(self, session: aiohttp.ClientSession, path: str, status: int) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while await self.status(session, path) != status:
                self.process.check()
                await asyncio.sleep(0.05)


async def test_endpoints_come_change_and_go_while_requests_run(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    line = Line(endpoints, unique(), tmp_path)
    line.process.start()
    statuses: set[int] = set()
    try:
        async with aiohttp.ClientSession() as session:
            await line.becomes(session, PATH, 202)
            steady = asyncio.create_task(_send(line, session, statuses))
            sources = line.content["sources"]

            line.write(line.content | {"sources": sources | {"more": line.endpoint("/hooks/more")}})
            await line.becomes(session, "/hooks/more", 202)
            line.write(line.content | {"sources": sources | {"more": line.endpoint("/hooks/moved")}})
            await line.becomes(session, "/hooks/moved", 202)
            assert await line.status(session, "/hooks/more") == 401
            line.file.write_text("name: [")
            await _logged(line, "configuration unusable")
            assert await line.status(session, "/hooks/moved") == 202
            line.write(line.content)
            await line.becomes(session, "/hooks/moved", 401)

            steady.cancel()
        await asyncio.to_thread(line.process.stop)
    finally:
        line.process.abandon()
    assert statuses == {202}


async def test_a_change_that_waits_for_brokers_gives_way_to_a_newer_one(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    line = Line(endpoints, unique(), tmp_path)
    sources = line.content["sources"]
    nowhere = {**line.content["kafka"], "bootstrap_servers": f"{HOST}:1"}
    line.process.start()
    try:
        async with aiohttp.ClientSession() as session:
            await line.becomes(session, PATH, 202)

            more = {"more": line.endpoint("/hooks/more")}
            line.write(line.content | {"kafka": nowhere, "sources": sources | more})
            await _logged(line, "waiting")
            assert await line.status(session, PATH) == 202
            assert await line.status(session, "/hooks/more") == 401
            line.write(line.content | {"sources": sources | {"newer": line.endpoint("/hooks/newer")}})
            await line.becomes(session, "/hooks/newer", 202)
            assert await line.status(session, "/hooks/more") == 401
        await asyncio.to_thread(line.process.stop)
    finally:
        line.process.abandon()


async def _send(line: Line, session: aiohttp.ClientSession, statuses: set[int]) -> None:
    while True:
        statuses.add(await line.status(session, PATH))


async def _logged(line: Line, text: str) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while text not in line.log.read_text():  # noqa: ASYNC110  another process writes it
            await asyncio.sleep(0.05)
