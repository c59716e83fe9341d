"""Workers that share connectors: two or three real processes on a real broker, killed, stopped and told what to do."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient

from router.config.names import workers_group
from router.control.records import Connectors, Entry, Statuses, TaskStatus
from router.control.store import ConnectorStore, StatusStore
from router.dev.endpoints import Endpoints
from router.dev.stack import Ports
from router.fetching.states import State
from tests.integration.fetching import SOURCE, Bench, Command, bench, configuration, in_order

TAKEOVER_SECONDS = 30
"""A bound that only a fault exceeds; how long it took is printed."""


class Group:
    """Workers of one pipeline, and what they say."""

    def __init__(self, made: Bench, directory: Path, ports: Callable[[], Ports]) -> None:
        self.made, self._directory, self._ports = made, directory, ports
        self.connectors = ConnectorStore(made.servers, made.pipeline)
        self.statuses = StatusStore(made.servers, made.pipeline)
        self.processes: list[Command] = []

    def worker(self, **config: Any) -> Command:
        """A worker whose file has the source of numbers; without settings, a file of no connectors."""
        file = configuration(self.made, self._directory, config, self._ports().kafka)
        if not config:
            content = json.loads(file.read_text())
            file.write_text(json.dumps(content | {"sources": {}}))
        started = Command(self._directory / f"worker{len(self.processes)}.log", "worker", str(file))
        self.processes.append(started)
        return started

    async def status(self, wanted: Callable[[TaskStatus], bool], name: str = SOURCE) -> TaskStatus:
        """What is said of the task, once it is as wanted. The test's own limit ends the wait."""
        while True:
            status = (await self.statuses.read()).tasks.get((name, 0))
            if status is not None and wanted(status):
                return status
            assert not all(process.has_ended for process in self.processes), self.processes[-1].output
            await asyncio.sleep(0.1)

    async def is_(self, state: State, name: str = SOURCE) -> TaskStatus:
        """What is said of the task, once it is in this state."""
        return await self.status(lambda status: status.state is state, name)

    async def grown(self) -> None:
        """Return as soon as there are more numbers."""
        before = len(await self.made.committed())
        await self.until(lambda connectors, statuses, numbers: numbers > before)

    async def two(self) -> TaskStatus:
        """What is said of the task, once two workers have shared out the tasks."""
        admin = AdminClient({"bootstrap.servers": self.made.servers})
        while True:
            found = admin.describe_consumer_groups([workers_group(self.made.pipeline)])
            described = await asyncio.to_thread(next(iter(found.values())).result)
            parts = [len(member.assignment.topic_partitions) for member in described.members]
            if described.state is ConsumerGroupState.STABLE and len(parts) == 2 and sum(parts) == 24 and all(parts):
                return await self.is_(State.RUNNING)
            await asyncio.sleep(0.1)

    async def until(self, holds: Callable[[Connectors, Statuses, int], bool]) -> None:
        """Wait for what the topics say. The test's own limit ends the wait."""
        while not holds(  # noqa: ASYNC110  the topics tell nobody
            await self.connectors.read(), await self.statuses.read(), len(await self.made.committed())
        ):
            await asyncio.sleep(0.1)


@pytest.fixture
async def group(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path, choose_ports: Callable[[], Ports]
) -> AsyncIterator[Group]:
    async with bench(endpoints, unique()) as made:
        one = Group(made, tmp_path, choose_ports)
        yield one
        for process in one.processes:
            process.kill()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a measure past pytest's capture."""

    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}")

    return say


def pid_of(status: TaskStatus) -> int:
    return int(status.worker_id.rpartition(":")[2])


async def test_the_tasks_of_a_killed_worker_run_elsewhere(group: Group, said: Callable[[str], None]) -> None:
    group.worker(batch=3, pause_seconds=0.02)
    await group.is_(State.RUNNING)
    group.worker(batch=3, pause_seconds=0.02)
    first = await group.two()

    os.kill(pid_of(first), signal.SIGKILL)
    killed = time.monotonic()
    await group.status(lambda status: status.state is State.RUNNING and status.worker_id != first.worker_id)
    took = time.monotonic() - killed
    await group.grown()

    said(f"a killed worker's task ran elsewhere after {took:.1f} s")
    assert took < TAKEOVER_SECONDS
    assert in_order(await group.made.numbers())


async def test_a_worker_that_was_away_for_longer_than_its_session_ruins_nothing_and_works_again(group: Group) -> None:
    group.worker(batch=3, pause_seconds=0.02)
    await group.is_(State.RUNNING)
    group.worker(batch=3, pause_seconds=0.02)
    first = await group.two()

    os.kill(pid_of(first), signal.SIGSTOP)
    second = await group.status(lambda status: status.state is State.RUNNING and status.worker_id != first.worker_id)
    await group.grown()
    os.kill(pid_of(first), signal.SIGCONT)
    await group.grown()
    os.kill(pid_of(second), signal.SIGKILL)
    await group.status(lambda status: status.state is State.RUNNING and status.worker_id == first.worker_id)
    await group.grown()

    assert in_order(await group.made.numbers())


async def test_a_connector_is_paused_resumed_stopped_and_restarted(group: Group) -> None:
    worker = group.worker(batch=3, pause_seconds=0.02)
    before = await group.is_(State.RUNNING)

    await group.connectors.target(SOURCE, State.PAUSED)
    await group.is_(State.PAUSED)
    count = len(await group.made.committed())
    await group.connectors.target(SOURCE, State.STOPPED)
    await group.is_(State.STOPPED)
    still = len(await group.made.committed())
    await group.connectors.target(SOURCE, State.RUNNING)
    again = await group.is_(State.RUNNING)
    restarts = worker.output.count('"RESTARTING"')
    await group.connectors.restart(SOURCE, None, False)
    await group.until(lambda connectors, statuses, numbers: worker.output.count('"RESTARTING"') > restarts)
    await group.grown()

    assert count == still
    assert again.since > before.since
    assert in_order(await group.made.numbers())


async def test_changed_settings_are_run_and_bad_ones_fail_alone(group: Group) -> None:
    group.worker(batch=3, pause_seconds=0.02)
    await group.is_(State.RUNNING)
    entry = (await group.connectors.read()).entries[SOURCE]
    settings = dict(entry.settings)
    other = Entry("source", settings | {"connector": "none-such"}, "api", 1, _now(), "ann")
    changed = Entry("source", settings | {"config": {"batch": 5}}, "file", 2, _now(), "ann")

    await group.connectors.put("bad", other)
    await group.connectors.put(SOURCE, changed)
    failed = await group.is_(State.FAILED, "bad")
    running = await group.status(lambda status: status.version == 2 and status.state is State.RUNNING)
    await group.connectors.delete("bad")
    await group.until(lambda _, statuses, __: ("bad", 0) not in statuses.tasks)

    assert "CONNECTOR_UNKNOWN" in failed.trace
    assert running.trace == ""


async def test_a_connector_of_the_api_runs_on_a_worker_without_any_of_its_own(group: Group) -> None:
    worker = group.worker()
    settings = {
        "connector": "numbers",
        "scopes": {"topics": [group.made.topic]},
        "config": {"until": 9},
        "routes": [{"topic": group.made.topic}],
    }
    await group.until(lambda _, statuses, __: bool(statuses.workers))

    await group.connectors.put(SOURCE, Entry("source", settings, "api", 1, _now(), "ann"))
    await group.is_(State.RUNNING)
    await group.until(lambda _, __, numbers: numbers == 9)
    status = await asyncio.to_thread(worker.terminate)
    left = await group.statuses.read()

    assert status == 0, worker.output
    assert left.workers == {}
    assert left.tasks[SOURCE, 0].state is State.UNASSIGNED


async def test_what_a_file_no_longer_has_is_ended(group: Group) -> None:
    first = group.worker(batch=3, pause_seconds=0.02)
    await group.is_(State.RUNNING)
    await asyncio.to_thread(first.terminate)

    group.worker()
    await group.until(lambda connectors, statuses, _: not connectors.entries and (SOURCE, 0) not in statuses.tasks)

    assert (await group.connectors.read()).entries == {}


def _now() -> str:
    return datetime.now(UTC).isoformat()
