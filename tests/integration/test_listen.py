"""A developer's round: `router send` signs and posts, `router listen` shows it and forwards it, signed again."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
from aiohttp import web

from router.api import Request
from router.config.load import load
from router.dev.endpoints import HOST, Endpoints
from router.testing.received import records_of
from tests.conftest import choose_ports
from tests.faults.configuration import PATH, SECRET_VARIABLE
from tests.faults.events import SECRET
from tests.integration.test_ingress_endpoints import Line

_PATIENCE_SECONDS = 60
_ROUTER = (sys.executable, "-m", "router")


async def test_what_is_sent_is_shown_and_forwarded_with_a_signature_of_its_own(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    line = Line(endpoints, unique(), tmp_path)
    (tmp_path / "body").write_bytes(b'{"key":"k", "n": 18446744073709551616}')
    got: asyncio.Queue[Request] = asyncio.Queue()
    line.process.start()
    try:
        async with aiohttp.ClientSession() as session:
            await line.becomes(session, PATH, 202)
        port = choose_ports().registry
        runner = await _local_program(got, port)
        listening = await _router(
            "listen", str(line.file), "--from-beginning", "--json", "--forward", f"http://{HOST}:{port}"
        )
        sent = await _done("send", str(tmp_path / "body"), "--config", str(line.file), "--id", "evt-1")
        async with asyncio.timeout(_PATIENCE_SECONDS):
            assert listening.stdout is not None
            while True:
                shown = json.loads(await listening.stdout.readline())
                forwarded = await got.get()
                if shown["id"] == "evt-1":
                    break
        listening.send_signal(signal.SIGINT)
        status = await asyncio.wait_for(listening.wait(), _PATIENCE_SECONDS)
        forged = await _done(
            "send", str(tmp_path / "body"), "--config", str(line.file), secret="whsec_" + "B" * 40 + "AAA="
        )
        await runner.cleanup()
        await asyncio.to_thread(line.process.stop)
    finally:
        line.process.abandon()

    assert sent[0] == 0
    assert "202" in sent[1]
    assert (shown["id"], shown["source"]) == ("evt-1", "hooks")
    assert shown["forwarded"].startswith("200")
    assert forwarded.body == (tmp_path / "body").read_bytes()
    source = load(line.file, resolve=lambda _reference: SECRET).receivers["hooks"]
    (record,) = records_of(source.connector.open(source.config, "hooks"), forwarded)
    assert record.id == "evt-1"
    assert status == 0
    assert forged[0] == 1
    assert "401" in forged[1]
    assert SECRET not in "".join((sent[1], forged[1], json.dumps(shown)))


async def _local_program(got: asyncio.Queue[Request], port: int) -> web.AppRunner:
    async def take(request: web.Request) -> web.Response:
        headers = tuple([(name.lower(), value) for name, value in request.headers.items()])
        await got.put(Request("POST", request.path, headers, await request.read(), time.time()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    return runner


async def _router(*arguments: str, secret: str = SECRET) -> asyncio.subprocess.Process:
    environment = {**os.environ, SECRET_VARIABLE: secret}
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*_ROUTER, *arguments, env=environment, stdout=pipe)


async def _done(*arguments: str, secret: str = SECRET) -> tuple[int, str]:
    process = await _router(*arguments, secret=secret)
    out, _ = await asyncio.wait_for(process.communicate(), _PATIENCE_SECONDS)
    return process.returncode or 0, out.decode()
