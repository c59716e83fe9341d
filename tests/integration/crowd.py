"""A crowd at the ingress port: idle and slow connections by the thousand, among which honest senders go on.

`python -m tests.integration.crowd` prints how fast honest requests and the health port are with the crowd and without.
"""

import asyncio
import gc
import resource
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from router.config.models import IngressSettings
from router.ingress.server import Endpoint, IngressServer
from router.observability.admin import AdminServer
from tests.integration.ingress_port import GOOD, Observer, Sender, status

SLOW_HEAD = b"POST /hooks HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20
_HONEST = 20
_PUBLISH_SECONDS = 0.005
_OTHER_DESCRIPTORS = 1_500
_YOUNG_OBJECTS = 200_000


@dataclass
class Ports:
    """Where the server of a process of its own listens."""

    ingress: int
    admin: int


@dataclass
class Outcome:
    """What honest senders and the health port have seen. Latencies in seconds."""

    statuses: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    seconds: float = 0

    def __str__(self) -> str:
        rate, health = len(self.statuses) / self.seconds, sorted(self.health)
        slowest = sorted(self.latencies)[int(len(self.latencies) * 0.99)]
        wrong = sum(one != 202 for one in self.statuses)
        return (
            f"{rate:,.0f} requests/s, p99 {slowest * 1e3:.1f} ms, {wrong} not accepted; "
            f"health p50 {health[len(health) // 2] * 1e3:.1f} ms, worst {health[-1] * 1e3:.1f} ms"
        )


@contextmanager
def served() -> Iterator[Ports]:
    """A server with the default limits in a process of its own, ended with the context."""
    ports = Ports(_free_port(), _free_port())
    command = [sys.executable, "-m", "tests.integration.crowd"]
    root = Path(__file__).resolve().parents[2]
    command += [str(ports.ingress), str(ports.admin)]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE)  # noqa: S603  this module itself
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield ports
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


@asynccontextmanager
async def crowd(ports: Ports, idle: int, slow: int) -> AsyncIterator[None]:
    """Idle connections, each with a request behind it, and slow ones that send a byte a second and come again."""
    async with AsyncExitStack() as stack:
        for number in range(idle):
            _connect(stack, ports, f"127.0.1.{number % 10}").sendall(GOOD)
            if number % 100 == 0:
                await asyncio.sleep(0)
        tasks = [asyncio.create_task(_trickle(ports, number)) for number in range(slow)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def go_on(ports: Ports, seconds: float) -> Outcome:
    """Honest requests one after the other on some connections, and looks at the health port, for a while."""
    outcome, until = Outcome(), time.monotonic() + seconds
    begun = time.monotonic()
    await asyncio.gather(_look(ports, outcome, until), *[_send(ports, outcome, until) for _ in range(_HONEST)])
    outcome.seconds = time.monotonic() - begun
    return outcome


def affordable(wanted: int) -> int:
    """How many of the connections both processes may have open; this one's limit is raised as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = max(soft, min(hard, wanted + _OTHER_DESCRIPTORS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return min(wanted, allowed - _OTHER_DESCRIPTORS)


def _connect(stack: AsyncExitStack, ports: Ports, address: str) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", ports.ingress), source_address=(address, 0))
    return stack.enter_context(connected)


async def _trickle(ports: Ports, number: int) -> None:
    address = f"127.0.2.{number % 10}"
    # Not all in the same moment, since it is not this process that is looked at.
    await asyncio.sleep(number % 97 / 97)
    while True:
        _, writer = await asyncio.open_connection("127.0.0.1", ports.ingress, local_addr=(address, 0))
        try:
            for byte in SLOW_HEAD:
                writer.write(bytes([byte]))
                await asyncio.sleep(1)
                if writer.is_closing():
                    break
        finally:
            writer.close()


async def _send(ports: Ports, outcome: Outcome, until: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ports.ingress)
    while time.monotonic() < until:
        begun = time.perf_counter()
        writer.write(GOOD)
        outcome.statuses.append(status(await reader.readuntil(b"}")))
        outcome.latencies.append(time.perf_counter() - begun)
    writer.close()


async def _look(ports: Ports, outcome: Outcome, until: float) -> None:
    while time.monotonic() < until:
        begun = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", ports.admin)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        outcome.statuses += [] if status(await reader.read()) == 200 else [0]
        outcome.health.append(time.perf_counter() - begun)
        writer.close()
        await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def _serve(ports: Ports) -> None:
    sender = Sender(publish_seconds=_PUBLISH_SECONDS)
    endpoint = Endpoint("hooks", "/hooks", sender, sender.publish)
    server = IngressServer(IngressSettings(port=ports.ingress), [endpoint], Observer(sender))
    await server.start()
    await AdminServer("127.0.0.1", ports.admin, dict).start()
    # As `router ingress` does.
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
    print("ready", flush=True)
    await asyncio.Event().wait()


async def _measure(seconds: float) -> None:
    gc.disable()
    with served() as ports:
        print("alone:         ", await go_on(ports, seconds))
        idle = affordable(10_000 + 1_000) - 1_000
        async with crowd(ports, idle, 1_000):
            await asyncio.sleep(2)
            print(f"{idle:,} idle, 1,000 slow:", await go_on(ports, seconds))
        await asyncio.sleep(2)
        print("alone again:   ", await go_on(ports, seconds))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        uvloop.run(_serve(Ports(int(sys.argv[1]), int(sys.argv[2]))))
    else:
        uvloop.run(_measure(8))
