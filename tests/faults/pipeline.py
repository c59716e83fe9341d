"""One run's pipeline: webhooks in, Postgres out, on the embedded stack, with processes that can be killed."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from confluent_kafka import Consumer, TopicPartition

from router.dev.endpoints import HOST, Endpoints
from router.dev.stack import Stack
from router.kafka.log import read_topic
from tests.faults.events import SECRET
from tests.faults.process import Process
from tests.faults.table import Table

PARTITIONS = 4
MAX_BUFFERED_EVENTS = 2_000
SINK = "db"
_PATH = "/hooks/faults"
_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 180


class NoProgressError(Exception):
    """Something that the product was to bring about did not come in time."""


@dataclass(frozen=True)
class Pipeline:
    """The product's processes, and where to see what they did. run: a name that is this run's alone."""

    run: str
    stack: Stack
    endpoints: Endpoints
    ingress: Process
    worker: Process
    table: Table
    port: int

    @property
    def topic(self) -> str:
        """The topic between ingress and worker."""
        return f"{self.run}.v1"

    @property
    def group(self) -> str:
        """The worker's consumer group."""
        return f"{self.run}.{SINK}"

    @property
    def dead_letter_topic(self) -> str:
        """The topic of the sink's dead letters."""
        return f"{self.run}.{SINK}.dlq"

    @property
    def url(self) -> str:
        """Where the ingress takes webhooks."""
        return f"http://{HOST}:{self.port}{_PATH}"

    def log(self) -> Iterator[str]:
        """The id of every event in the topic."""
        for record in read_topic(self.endpoints.bootstrap_servers, self.topic):
            for name, value in record.headers:
                if name == "ce_id" and isinstance(value, bytes):
                    yield value.decode()

    def ends(self, topic: str) -> dict[int, int]:
        """How many records each partition of a topic has; without those that have none."""
        settings = {"bootstrap.servers": self.endpoints.bootstrap_servers, "group.id": f"{self.run}.ends"}
        consumer = Consumer(settings)
        try:
            ends = {
                number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=30)[1]
                for number in range(PARTITIONS)
            }
        finally:
            consumer.close()
        return {number: end for number, end in ends.items() if end}

    async def positions(self) -> dict[int, int]:
        """How far each partition is delivered."""
        return await asyncio.to_thread(self.table.positions, self.topic)

    async def listening(self) -> float:
        """Wait until the ingress accepts connections; returns after how many seconds."""

        async def is_open() -> bool:
            with socket.socket() as probe:
                return await asyncio.to_thread(probe.connect_ex, (HOST, self.port)) == 0

        return await self.until(is_open, "the ingress listens")

    async def moving(self, behind: dict[int, int] | None = None) -> float:
        """Wait until every partition has moved on from where it is, or was; returns after how many seconds."""
        before = await self.positions() if behind is None else behind

        async def has_moved() -> bool:
            now = await self.positions()
            return len(now) == PARTITIONS and all(position > before.get(number, 0) for number, position in now.items())

        return await self.until(has_moved, "every partition moves on")

    async def settled(self) -> float:
        """Wait until everything in the topic is delivered or dead-lettered; returns after how many seconds."""
        ends = await asyncio.to_thread(self.ends, self.topic)

        async def is_done() -> bool:
            return await self.positions() == ends

        return await self.until(is_done, "everything is delivered")

    async def until(self, condition: Callable[[], Awaitable[bool]], what: str) -> float:
        """Wait for the condition; returns after how many seconds.

        Raises NoProgressError if it does not come, EndedByItselfError if a process ends.
        """
        started = time.monotonic()
        while not await condition():
            self.ingress.check()
            self.worker.check()
            if time.monotonic() - started > _PATIENCE_SECONDS:
                raise NoProgressError(f"Not within {_PATIENCE_SECONDS} s: {what}.")
            await asyncio.sleep(_LOOK_SECONDS)
        return time.monotonic() - started


@contextmanager
def pipeline(stack: Stack, run: str, directory: Path, ports: tuple[int, int, int]) -> Iterator[Pipeline]:
    """A pipeline with its table, nothing started yet; at the end nothing of it runs.

    run: names the topics and the table; letters and digits. directory: for configuration and logs. ports: the
    ingress's, and one for the metrics of each role.
    """
    directory.mkdir(parents=True, exist_ok=True)
    endpoints = stack.start()
    environment = {
        "FAULTS_SECRET": SECRET,
        "FAULTS_PASSWORD": endpoints.postgres_password,
        "LOG_FORMAT": "json",
    }
    roles = [
        Process(role, _write(directory, role, _configuration(endpoints, run, ports[0], admin)), environment, log)
        for role, admin in (("ingress", ports[1]), ("worker", ports[2]))
        for log in [directory / f"{role}.log"]
    ]
    made = Pipeline(run, stack, endpoints, roles[0], roles[1], Table(endpoints, run), ports[0])
    made.table.create()
    try:
        yield made
    finally:
        for role in roles:
            role.abandon()


def _write(directory: Path, role: str, configuration: dict[str, object]) -> Path:
    path = directory / f"{role}.yaml"
    path.write_text(yaml.safe_dump(configuration, sort_keys=False))
    return path


def _configuration(endpoints: Endpoints, run: str, port: int, admin: int) -> dict[str, object]:
    topic = f"{run}.v1"
    address = f"{endpoints.postgres_host}:{endpoints.postgres_port}"
    return {
        "name": run,
        "kafka": {
            "bootstrap_servers": endpoints.bootstrap_servers,
            "registry_url": endpoints.registry_url,
            "topics": {"partitions": PARTITIONS},
        },
        "ingress": {"port": port},
        "admin": {"port": admin},
        "sources": {
            "hooks": {
                "connector": "webhook",
                "scopes": {"topics": [topic], "secrets": ["${env:FAULTS_SECRET}"]},
                "config": {
                    "path": _PATH,
                    "verify": {"scheme": "standard_webhooks", "secrets": ["${env:FAULTS_SECRET}"]},
                },
                "routes": [{"topic": topic, "key": "data.key"}],
            }
        },
        "sinks": {
            SINK: {
                "connector": "postgres",
                "topics": [topic],
                "scopes": {"topics": [topic], "secrets": ["${env:FAULTS_PASSWORD}"], "hosts": [address]},
                "config": {
                    "host": endpoints.postgres_host,
                    "port": endpoints.postgres_port,
                    "database": endpoints.postgres_database,
                    "user": endpoints.postgres_user,
                    "password": "${env:FAULTS_PASSWORD}",
                    "table": run,
                },
                "delivery": {
                    "max_buffered_events": MAX_BUFFERED_EVENTS,
                    "retry": {"initial_seconds": 0.2, "max_seconds": 5, "give_up_after_seconds": 0.5},
                },
            }
        },
    }
