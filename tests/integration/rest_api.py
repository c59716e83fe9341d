"""The REST API on a port of its own, and a client that asks as Kafka Connect's tools do."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

from router.config.loaded import Loaded
from router.config.models import AccessRole, ApiSettings, ApiToken, KafkaSettings, Pipeline
from router.control.records import TaskStatus, WorkerSeen
from router.control.store import ConnectorStore, StatusStore
from router.dev.stack import Endpoints
from router.fetching.states import State
from router.rest.server import Api
from tests.integration.pipeline import until

TOPIC = "orders.v1"


@dataclass(frozen=True)
class Answer:
    """Status, body (None if it is empty) and headers."""

    status: int
    body: Any
    headers: Any

    @property
    def message(self) -> str:
        """Of an error, whose form is always the same."""
        assert set(self.body) == {"error_code", "message"}
        assert self.body["error_code"] == self.status
        return str(self.body["message"])


@dataclass(frozen=True)
class RestApi:
    """A running API, its pipeline, and a client."""

    pipeline: Pipeline
    url: str
    session: aiohttp.ClientSession
    api: Api

    @property
    def connectors(self) -> ConnectorStore:
        """The topic itself."""
        return ConnectorStore(self.pipeline.kafka.bootstrap_servers, self.pipeline.name)

    @property
    def statuses(self) -> StatusStore:
        """The topic that workers write."""
        return StatusStore(self.pipeline.kafka.bootstrap_servers, self.pipeline.name)

    async def ask(self, method: str, path: str, json: Any = None, **options: Any) -> Answer:
        """Send a request."""
        async with self.session.request(method, self.url + path, json=json, **options) as response:
            content = await response.read()
            return Answer(response.status, await response.json() if content else None, response.headers)

    async def create(self, name: str, config: dict[str, Any] | None = None, **more: Any) -> Answer:
        """Create a connector; by default a sink."""
        return await self.ask("POST", "/connectors", {"name": name, "config": config or http_sink()} | more)

    async def report(self, name: str, state: State, *, task: int = 0, trace: str = "", worker: str = "w1") -> None:
        """Say of a task what a worker would."""
        now = datetime.now(UTC).isoformat()
        await self.statuses.put_worker(worker, WorkerSeen(now, now))
        await self.statuses.put_task(name, task, TaskStatus(state, worker, trace, now, 1))

    async def until(self, path: str, holds: Any) -> Any:
        """The body of the path, once it is as wanted. The test's own limit ends the wait."""
        while True:
            answer = await self.ask("GET", path)
            if holds(answer.body):
                return answer.body
            await asyncio.sleep(0.05)


def http_sink(**changes: str) -> dict[str, str]:
    """The flat configuration of a good sink."""
    return {
        "connector.class": "sink.http",
        "tasks.max": "1",
        "topics": TOPIC,
        "scopes.topics": TOPIC,
        "scopes.hosts": "example.com:443",
        "scopes.secrets": "${env:SIGNING_SECRET}",
        "config.url": "https://example.com/hook",
        "config.signing_secret": "${env:SIGNING_SECRET}",
    } | {key.replace("__", "."): text for key, text in changes.items()}


def token(name: str, role: AccessRole) -> tuple[str, ApiToken]:
    """A token, and what the configuration has of it."""
    made = f"token-of-{name}"
    return made, ApiToken(name=name, role=role, sha256=hashlib.sha256(made.encode()).hexdigest())


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@asynccontextmanager
async def rest_api(endpoints: Endpoints, name: str, tokens: Sequence[ApiToken] = ()) -> AsyncIterator[RestApi]:
    """The API of a pipeline of this name, ready."""
    settings = ApiSettings(port=free_port(), tokens=tuple(tokens))
    kafka = KafkaSettings(bootstrap_servers=endpoints.bootstrap_servers, registry_url=endpoints.registry_url)
    pipeline = Pipeline(name=name, kafka=kafka, api=settings)
    api = Api(Loaded(pipeline, {}, {}, {}, ()))
    stop = asyncio.Event()
    running = asyncio.create_task(api.run(stop))
    try:
        async with aiohttp.ClientSession() as session:
            await until(lambda: not api.waiting(), running)
            yield RestApi(pipeline, f"http://127.0.0.1:{settings.port}", session, api)
    finally:
        stop.set()
        await running
