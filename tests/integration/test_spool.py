"""The ingress's spool with real brokers that go away and come back."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import aiohttp
import pytest

from router.dev.endpoints import HOST, Endpoints
from router.dev.stack import Stack
from router.kafka.log import read_topic
from tests.conftest import choose_ports
from tests.faults.configuration import PATH, SECRET_VARIABLE, postgres, whole
from tests.faults.events import SECRET, signed_headers
from tests.faults.process import Process

_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What a sender gets. reason: of the problem, if it is one."""

    status: int
    reason: str | None
    retry_after: str | None


@dataclass
class Line:
    """An ingress with a spool. brokers: where it looks for them, which a restart changes."""

    endpoints: Endpoints
    run: str
    directory: Path
    session: aiohttp.ClientSession
    mode: str = "on"

    def __post_init__(self) -> None:
        self.port, self.admin_port, self._nobody, *_ = astuple(choose_ports())
        self._file = self.directory / "ingress.yaml"
        self.spool = self.directory / "spool"
        self._log = self.directory / "ingress.log"
        environment = {SECRET_VARIABLE: SECRET, "LOG_FORMAT": "json"}
        self.process = Process("ingress", self._file, environment, self._log)

    @property
    def topic(self) -> str:
        return f"{self.run}.v1"

    async def start(self, *, with_servers: bool = True) -> None:
        """Start it, and wait until it listens. with_servers: or brokers and registry are away."""
        nobody = f"{HOST}:{self._nobody}"
        away = replace(self.endpoints, bootstrap_servers=nobody, registry_url=f"http://{nobody}")
        endpoints = self.endpoints if with_servers else away
        sink = postgres(self.endpoints, self.run)
        content = whole(endpoints, self.run, sink, port=self.port, admin_port=self.admin_port, spool=str(self.spool))
        del content["sinks"]
        content["ingress"]["spool"]["max_bytes"] = 1_048_576
        content["sources"]["hooks"]["spool"] = self.mode
        self._file.write_text(json.dumps(content))
        self.process.start()
        await self.until(self.listens)

    async def send(self, event_id: str, key: str = "k", size: int = 0) -> Answer:
        """Send an event. size: more bytes in its body."""
        body = json.dumps({"key": key, "pad": "x" * size}).encode()
        url = f"http://{HOST}:{self.port}{PATH}"
        headers = signed_headers(event_id, body, time.time())
        async with self.session.post(url, data=body, headers=headers) as answer:
            problem = json.loads(await answer.read() or b"{}")
            return Answer(answer.status, problem.get("error", {}).get("reason"), answer.headers.get("Retry-After"))

    async def accepted(self, event_ids: list[str], key: str = "k") -> None:
        for event_id in event_ids:
            assert (await self.send(event_id, key)).status == 202

    async def waiting(self) -> dict[str, str]:
        """What readiness says is not ready."""
        async with self.session.get(f"http://{HOST}:{self.admin_port}/readyz") as answer:
            return {} if answer.status == 200 else dict(json.loads(await answer.read())["waiting"])

    async def listens(self) -> bool:
        try:
            async with self.session.get(f"http://{HOST}:{self.port}{PATH}"):
                return True
        except aiohttp.ClientError:
            return False

    async def is_drained(self) -> bool:
        return not list(self.spool.glob("*/*.spool"))

    async def has_lost_its_disk(self) -> bool:
        return '"event": "spool failed"' in self._log.read_text()

    async def has_its_disk(self) -> bool:
        return '"event": "spool takes events again"' in self._log.read_text()

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait for the condition."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not await condition():
                self.process.check()
                await asyncio.sleep(0.05)

    async def events(self) -> dict[str, list[str]]:
        """The ids of the events in the topic, by key, in order, without repetitions."""

        def read() -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for record in read_topic(self.endpoints.bootstrap_servers, self.topic):
                event_id = dict(record.headers)["ce_id"]
                assert record.key is not None
                assert isinstance(event_id, bytes)
                ids = found.setdefault(record.key.decode(), [])
                if event_id.decode() not in ids:
                    ids.append(event_id.decode())
            return found

        return await asyncio.to_thread(read)


@asynccontextmanager
async def line(endpoints: Endpoints, run: str, directory: Path, mode: str = "on") -> AsyncIterator[Line]:
    async with aiohttp.ClientSession() as session:
        made = Line(endpoints, run, directory, session, mode)
        try:
            yield made
        finally:
            made.process.abandon()


@asynccontextmanager
async def outage(stack: Stack) -> AsyncIterator[None]:
    """The broker is away meanwhile, and works again after it."""
    broker = stack.component("kafka")
    await asyncio.to_thread(broker.kill)
    try:
        yield
    finally:
        await asyncio.to_thread(broker.start)


def ids(first: int, last: int) -> list[str]:
    return [f"e{number}" for number in range(first, last)]


async def test_an_outage_is_bridged_and_later_events_of_a_spooled_key_go_behind_it(
    stack: Stack, endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with line(endpoints, unique(), tmp_path) as ingress:
        await ingress.start()
        await ingress.accepted(ids(0, 5), "k")
        await ingress.until(ingress.is_drained)
        async with outage(stack):
            await ingress.accepted(ids(5, 40), "k")
            await ingress.accepted(["other1", "other2"], "other")
            assert await ingress.waiting() == {}
        number = 40
        while not await ingress.is_drained():
            await ingress.accepted([f"e{number}"], "k")
            number += 1
        await ingress.accepted([f"e{number}"], "k")

        found = await ingress.events()

    assert number > 40
    assert found == {"k": ids(0, number + 1), "other": ["other1", "other2"]}


async def test_a_full_spool_refuses_withdraws_readiness_and_takes_events_again_when_the_brokers_are_back(
    stack: Stack, endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with line(endpoints, unique(), tmp_path) as ingress:
        await ingress.start()
        await ingress.accepted(["first"])
        await ingress.until(ingress.is_drained)
        taken: list[str] = []
        async with outage(stack):
            while (answer := await ingress.send(f"e{len(taken)}", size=200_000)).status == 202:
                taken.append(f"e{len(taken)}")
            refused = answer
            waiting = await ingress.waiting()
        await ingress.until(ingress.is_drained)
        await ingress.accepted(["last"])
        ready = await ingress.waiting()

        found = await ingress.events()

    assert refused == Answer(503, "SPOOL_FULL", "5")
    assert waiting == {"spool": "SPOOL_FULL: no events are accepted"}
    assert ready == {}
    assert len(taken) == 5
    assert found == {"k": ["first", *taken, "last"]}


async def test_without_brokers_and_registry_it_starts_spools_and_drains_after_a_stop_and_a_kill(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with line(endpoints, unique(), tmp_path) as ingress:
        await ingress.start(with_servers=False)
        await ingress.accepted(ids(0, 10))
        await asyncio.to_thread(ingress.process.stop)
        await ingress.start(with_servers=False)
        await ingress.accepted(ids(10, 20))
        ingress.process.kill()
        await ingress.start()
        await ingress.accepted(ids(20, 30))
        await ingress.until(ingress.is_drained)

        found = await ingress.events()

    assert found == {"k": ids(0, 30)}


@pytest.mark.parametrize(("mode", "status"), [("on", 202), ("required", 503)])
async def test_only_an_endpoint_that_needs_a_spool_refuses_while_it_cannot_be_written(
    mode: str, status: int, endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with line(endpoints, unique(), tmp_path, mode) as ingress:
        await ingress.start()
        await ingress.accepted(["first"])
        await ingress.until(ingress.is_drained)
        (ingress.spool / "0").rename(ingress.spool / "away")
        await ingress.until(ingress.has_lost_its_disk)
        answer = await ingress.send("refused")
        waiting = await ingress.waiting()
        (ingress.spool / "away").rename(ingress.spool / "0")
        await ingress.until(ingress.has_its_disk)
        await ingress.accepted(["last"])

    assert answer.status == status
    if mode == "required":
        assert answer == Answer(503, "SPOOL_UNAVAILABLE", "5")
        assert waiting == {"spool": "SPOOL_UNAVAILABLE: no events are accepted"}
    else:
        assert waiting == {}
