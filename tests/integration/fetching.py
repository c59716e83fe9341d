"""A source's topics on the real broker, the task that fills them, and what a reader of committed records sees."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.api import ConnectorConfig, Position, Reason, Source, SourceConnector
from router.config.models import Route, Schedule
from router.config.names import dead_letter_topic, offsets_topic, streams_topic
from router.delivery.backoff import Backoff
from router.dev.endpoints import Endpoints
from router.envelope.codec import schema_id
from router.envelope.registry import Registry
from router.fetching.checkpoints import CheckpointStore, Scope
from router.fetching.observer import Emission
from router.fetching.settings import TaskSettings
from router.fetching.states import State
from router.fetching.task import SourceTask
from router.kafka.consumer import Consumed
from router.kafka.log import read_topic
from router.kafka.topics import Topics, TopicSpec
from router.testing import NoSettings, scripted_connector

SOURCE = "numbers"
_STOP_SECONDS = 30


@dataclass
class Watch:
    """An observer that remembers."""

    emissions: list[Emission] = field(default_factory=list)
    failures: list[Reason] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def committed(self, emission: Emission) -> None:
        self.emissions.append(emission)

    def failed(self, reason: Reason) -> None:
        self.failures.append(reason)

    def state(self, state: State) -> None:
        self.states.append(state)


@dataclass
class Bench:
    """Topics of a pipeline of its own."""

    endpoints: Endpoints
    pipeline: str
    registry: Registry

    @property
    def servers(self) -> str:
        return self.endpoints.bootstrap_servers

    @property
    def topic(self) -> str:
        return f"{self.pipeline}.v1"

    @property
    def dead_letters(self) -> str:
        return dead_letter_topic(self.pipeline, SOURCE)

    @property
    def store(self) -> CheckpointStore:
        return CheckpointStore(self.servers, self.pipeline)

    def settings(self, interval_seconds: float = 0.05) -> TaskSettings:
        return TaskSettings(
            self.pipeline,
            SOURCE,
            self.servers,
            (Route(when='type == "noise"', drop=True), Route(topic=self.topic)),
            None,
            Schedule(interval_seconds=interval_seconds),
            backoff=Backoff(0.05, 0.2),
        )

    def task(
        self,
        source: Source,
        watch: Watch,
        *,
        connector: SourceConnector | None = None,
        config: ConnectorConfig | None = None,
        interval_seconds: float = 0.05,
    ) -> SourceTask:
        settings = self.settings(interval_seconds)
        opened = connector or scripted_connector(source)
        return SourceTask(settings, opened, config or NoSettings(), self.registry, watch)

    async def committed(self, topic: str | None = None) -> list[Consumed]:
        """What a reader of committed records finds."""
        return await asyncio.to_thread(lambda: list(read_topic(self.servers, topic or self.topic)))

    async def numbers(self) -> list[int]:
        """The numbers on the topic, in order."""
        return [await self._number(record) for record in await self.committed()]

    async def checkpoints(self) -> dict[str, Position]:
        return (await self.store.read()).of(Scope(SOURCE))

    async def _number(self, record: Consumed) -> int:
        decoder = await self.registry.decoder(schema_id(record.value))
        data = decoder.decode(record.value or b"", record.key, 0).data
        assert not isinstance(data, bytes | None)
        return int(data["number"])


@asynccontextmanager
async def bench(endpoints: Endpoints, pipeline: str) -> AsyncIterator[Bench]:
    """A bench with its topics made."""
    with Registry(endpoints.registry_url) as registry:
        made = Bench(endpoints, pipeline, registry)
        spec = TopicSpec(2, 1, 1, None)
        kept = TopicSpec(1, 1, 1, None, compact=True)
        offsets = {offsets_topic(pipeline): kept, streams_topic(pipeline): kept}
        await Topics(made.servers).ensure({made.topic: spec, made.dead_letters: spec} | offsets)
        yield made


@asynccontextmanager
async def running(*tasks: SourceTask) -> AsyncIterator[list[asyncio.Task[None]]]:
    """The tasks in the background; stopped at the end."""
    runs = [asyncio.create_task(task.run()) for task in tasks]
    try:
        yield runs
    finally:
        for task in tasks:
            task.stop()
        await asyncio.gather(*runs)


class Command:
    """`router COMMAND FILE …` with the source of numbers installed, as a process of its own."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self._log = log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(  # noqa: S603  the command is ours
                [sys.executable, "-m", "tests.integration.numbers", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LOG_FORMAT": "json"},
            )

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> int:
        """SIGTERM; returns the exit status."""
        self._process.terminate()
        return self._process.wait(_STOP_SECONDS)

    def wait(self) -> int:
        """The exit status."""
        return self._process.wait(_STOP_SECONDS)

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None


def configuration(made: Bench, directory: Path, config: dict[str, Any], admin_port: int) -> Path:
    """The pipeline with the source of numbers as a file."""
    source = {
        "connector": "numbers",
        "scopes": {"topics": [made.topic]},
        "config": config,
        "routes": [{"topic": made.topic}],
    }
    content = {
        "name": made.pipeline,
        "kafka": {"bootstrap_servers": made.servers, "registry_url": made.endpoints.registry_url},
        "admin": {"port": admin_port},
        "sources": {SOURCE: source},
    }
    path = directory / "pipeline.yaml"
    path.write_text(json.dumps(content))
    return path


def in_order(numbers: Sequence[int]) -> bool:
    """Each number from 0 on, once."""
    return list(numbers) == list(range(len(numbers)))
