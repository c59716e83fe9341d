"""One run's pipeline: webhooks in, Postgres out, on the embedded stack, with processes that can be killed."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

import yaml
from confluent_kafka import Consumer, TopicPartition

from router.delivery.dead_letter import header_values
from router.dev.endpoints import HOST, Endpoints
from router.dev.stack import Stack
from router.kafka.log import read_topic
from tests.conftest import choose_ports
from tests.faults.configuration import (
    PARTITIONS,
    PASSWORD_VARIABLE,
    PATH,
    SECRET_VARIABLE,
    SINK,
    http,
    postgres,
    whole,
)
from tests.faults.events import SECRET
from tests.faults.process import Process
from tests.faults.promise import BrokenPromiseError
from tests.faults.table import Table

_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 180
_ANSWER_SECONDS = 2
_CATCH_UP_SECONDS = 600


@dataclass(frozen=True)
class Pipeline:
    """The product's processes, and where to see what they did. run: a name that is this run's alone."""

    run: str
    stack: Stack
    endpoints: Endpoints
    ingress: Process
    worker: Process
    second_worker: Process
    table: Table
    port: int
    admin_port: int

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
        return f"http://{HOST}:{self.port}{PATH}"

    def stop(self) -> None:
        """End the processes in good order, all at once. Raises BrokenPromiseError if one does not."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(Process.stop, (self.ingress, self.worker, self.second_worker)))

    def log(self) -> Iterator[str]:
        """The id of every event in the topic."""
        for record in read_topic(self.endpoints.bootstrap_servers, self.topic):
            for name, value in record.headers:
                if name == "ce_id" and isinstance(value, bytes):
                    yield value.decode()

    def whereabouts(self, event_ids: Collection[str]) -> str:
        """Where these events are in the topic, for whoever looks for them: partition and offset of every copy."""
        found: dict[str, list[str]] = {event_id: [] for event_id in event_ids}
        for record in read_topic(self.endpoints.bootstrap_servers, self.topic):
            event_id = header_values(record.headers).get("ce_id", "")
            if event_id in found:
                found[event_id].append(f"{record.partition}:{record.offset}")
        return ", ".join([f"{event_id} at {' and '.join(places) or 'no place'}" for event_id, places in found.items()])

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

    async def is_ready(self, processes: int) -> bool:
        """Whether so many processes of the ingress say so."""
        return await asyncio.to_thread(lambda: all(_is_ready(self.admin_port + number) for number in range(processes)))

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

        return await self.until(is_done, "everything is delivered", _CATCH_UP_SECONDS)

    async def until(
        self, condition: Callable[[], Awaitable[bool]], what: str, patience_seconds: float = _PATIENCE_SECONDS
    ) -> float:
        """Wait for the condition; returns after how many seconds.

        Raises BrokenPromiseError if it does not come, or if a process ends.
        """
        started = time.monotonic()
        while not await condition():
            self.ingress.check()
            self.worker.check()
            self.second_worker.check()
            if time.monotonic() - started > patience_seconds:
                raise BrokenPromiseError(f"Not within {patience_seconds:g} s: {what}.")
            await asyncio.sleep(_LOOK_SECONDS)
        return time.monotonic() - started


@contextmanager
def pipeline(
    stack: Stack,
    run: str,
    directory: Path,
    receiver: int | None = None,
    spool: Path | None = None,
    processes: int = 1,
) -> Iterator[Pipeline]:
    """A pipeline with its table, nothing started yet; at the end nothing of it runs.

    run: names the topics and the table; letters and digits. directory: for configuration and logs. receiver: a port
    to post to, instead of writing to the table. spool: the directory of the ingress's spool. processes: of the ingress.
    """
    directory.mkdir(parents=True, exist_ok=True)
    # One for the ingress, and one for the metrics of each process.
    ports = astuple(choose_ports())
    endpoints = stack.start()
    environment = {
        SECRET_VARIABLE: SECRET,
        PASSWORD_VARIABLE: endpoints.postgres_password,
        "LOG_FORMAT": "json",
    }
    roles = []
    for role, number in (("ingress", 1), ("worker", 2), ("worker", 3)):
        configuration = directory / f"{role}-{number}.yaml"
        sink = postgres(endpoints, run) if receiver is None else http(run, receiver)
        directory_of_spool = None if spool is None else str(spool)
        content = whole(
            endpoints,
            run,
            sink,
            port=ports[0],
            admin_port=ports[number],
            spool=directory_of_spool,
            processes=processes,
        )
        configuration.write_text(yaml.safe_dump(content, sort_keys=False))
        roles.append(Process(role, configuration, environment, configuration.with_suffix(".log")))
    ingress, *workers = roles
    made = Pipeline(run, stack, endpoints, ingress, workers[0], workers[1], Table(endpoints, run), *ports[:2])
    made.table.create()
    try:
        yield made
    finally:
        for process in roles:
            process.abandon()


def _is_ready(admin_port: int) -> bool:
    try:
        with urlopen(f"http://{HOST}:{admin_port}/readyz", timeout=_ANSWER_SECONDS) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False
