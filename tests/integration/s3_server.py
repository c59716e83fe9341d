"""A real S3 server on a directory (https://github.com/versity/versitygw), built once per user, and a gate before it."""

import asyncio
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from router.dev.ports import is_free
from tests.helm.programs import Program

VERSITYGW = Program(
    "versitygw", "github.com/versity/versitygw/cmd/versitygw", modules=Path(__file__).parent / "modules"
)

KEY = "connectors"
SECRET = "the-secret-of-the-store"
REFERENCE = "${env:STORE_SECRET}"
_START_SECONDS = 20
_PUT = re.compile(rb"PUT /([^ ?]+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class S3Server:
    """The server on a port of its own; each directory below `buckets` is a bucket."""

    def __init__(self, home: Path, port: int) -> None:
        self.buckets = home / "buckets"
        self.port = port
        self._metadata = home / "metadata"
        self._process: subprocess.Popen[bytes] | None = None
        for directory in (self.buckets, self._metadata):
            directory.mkdir()

    def bucket(self, name: str) -> Path:
        """A new bucket, and the directory that its objects are in."""
        (self.buckets / name).mkdir()
        return self.buckets / name

    def settings(self, bucket: str, **changes: Any) -> dict[str, Any]:
        """The settings of a sink that writes to the bucket."""
        return {
            "url": f"s3://{bucket}/events",
            "endpoint": f"http://127.0.0.1:{self.port}",
            "access_key_id": KEY,
            "secret_access_key": REFERENCE,
            **changes,
        }

    def remove(self, name: str) -> None:
        """Remove the object, and what the server knows of it. name: `bucket/object`."""
        (self.buckets / name).unlink(missing_ok=True)
        shutil.rmtree(self._metadata / name, ignore_errors=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        listening = ("--port", f"127.0.0.1:{self.port}", "--quiet", "--keep-alive")
        self._process = subprocess.Popen(  # noqa: S603  our own command
            (VERSITYGW.path(), *listening, "posix", "--sidecar", self._metadata, self.buckets),
            env={"ROOT_ACCESS_KEY_ID": KEY, "ROOT_SECRET_ACCESS_KEY": SECRET},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _START_SECONDS
        while is_free(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                message = "the S3 server has not started"
                raise RuntimeError(message)
            time.sleep(0.02)

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextmanager
def s3_server(port: int) -> Iterator[S3Server]:
    """A server while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="con-s3-") as home:
        server = S3Server(Path(home), port)
        server.start()
        try:
            yield server
        finally:
            server.stop()


class Gate:
    """Lets requests through to the server, but for one whose first line matches: that one is held.

    reached: set once a request is held. opened: lets it through. swallow: takes the server's answer to it away instead.
    overwrites: removes what is there before a PUT, as if the server passed over its condition.
    """

    def __init__(self, server: S3Server) -> None:
        self._server = server
        self._held: re.Pattern[bytes] | None = None
        self._swallow = False
        self.overwrites = False
        self.port = 0
        self.reached = threading.Event()
        self.opened = asyncio.Event()

    def hold(self, pattern: str, *, swallow: bool = False) -> None:
        """Hold the next request that matches, such as `PUT .*[.]parquet`."""
        self._held = re.compile(pattern.encode())
        self._swallow = swallow

    async def arrival(self) -> None:
        """Wait until a request is held; the test's own limit ends the wait."""
        await asyncio.to_thread(self.reached.wait)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._server.port)
        answers = asyncio.create_task(_pipe(upstream_reader, writer))
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if self._held is not None and self._held.match(head):
                    self._held = None
                    self.reached.set()
                    if self._swallow:
                        answers.cancel()
                    else:
                        await self.opened.wait()
                if self.overwrites and (put := _PUT.match(head)):
                    self._server.remove(unquote(put[1].decode()))
                length = _LENGTH.search(head)
                upstream.write(head + await reader.readexactly(int(length[1]) if length else 0))
                if answers.cancelling():
                    await upstream_reader.readuntil(b"\r\n\r\n")
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            answers.cancel()
            for end in (writer, upstream):
                end.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def gate(server: S3Server) -> AsyncIterator[Gate]:
    """A gate before the server while the context lasts."""
    one = Gate(server)
    listening = await asyncio.start_server(one.serve, "127.0.0.1", 0, limit=1 << 20)
    one.port = listening.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        one.opened.set()
        listening.close()
        await listening.wait_closed()
