"""A worker: runs the tasks in its partitions as the topic of connectors wants them, and says how they are."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import structlog

from router.config.loaded import Loaded
from router.config.names import connectors_topic, status_topic
from router.config.secrets import SecretStore
from router.control.declare import apply, declared, plan
from router.control.follow import Follow
from router.control.held import HeldTask
from router.control.making import Making, references
from router.control.membership import Membership
from router.control.records import Connectors, Entry, Statuses, TaskId, fold_connectors, fold_statuses
from router.control.reports import Reports
from router.control.sharing import all_tasks, task_partition, wanted_tasks
from router.control.store import ConnectorStore
from router.envelope.registry import Registry
from router.fetching.states import State
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer
from router.kafka.topics import Topics
from router.runtime.secrets import Secrets
from router.runtime.topics import control_topics, ensure

_TELL_SECONDS = 0.2
_RELEASE_SECONDS = 15.0
_NOT_SEEN_FOR = timedelta(seconds=20)
_WELL = (State.RUNNING, State.PAUSED, State.STOPPED)
_log = structlog.get_logger("router.control")


class Worker:
    """What fetches and what delivers. A task that fails leaves the others running."""

    def __init__(self, loaded: Loaded, store: SecretStore, secrets: Secrets) -> None:
        self._loaded = loaded
        self._pipeline = loaded.pipeline
        self._store = store
        self._secrets = secrets
        self._worker_id = f"{socket.gethostname()}:{os.getpid()}"
        servers, name = self._pipeline.kafka.bootstrap_servers, self._pipeline.name
        self._connectors: Follow[Connectors] = Follow(servers, connectors_topic(name), fold_connectors)
        self._statuses: Follow[Statuses] = Follow(servers, status_topic(name), fold_statuses)
        self._held: dict[TaskId, HeldTask] = {}
        self._reports: Reports | None = None
        self._membership: Membership | None = None
        self._is_declared = False
        self._wake = asyncio.Event()

    def waiting(self) -> dict[str, str]:
        """The connectors of the file that do not run here, nor anywhere else, and why."""
        names = [*self._loaded.sources, *self._loaded.sinks]
        joined = self._membership is not None and self._membership.has_joined and self._connectors.caught_up
        if not (joined and self._is_declared):
            return dict.fromkeys(names or ["worker"], "starting")
        tasks = [(name, number) for name, number, _ in all_tasks(self._connectors.current) if name in names]
        missing = dict.fromkeys(set(names) - {name for name, _ in tasks}, "starting")
        return missing | {task[0]: why for task in tasks if (why := self._why_not(task))}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Raises ConnectorError if the group cannot be joined, or topics not be made."""
        servers = self._pipeline.kafka.bootstrap_servers
        await ensure(Topics(servers), control_topics(self._pipeline), stop)
        settings = producer_settings(servers, f"con-{self._pipeline.name}-worker")
        with Registry(self._pipeline.kafka.registry_url) as registry:
            async with AsyncProducer(settings) as producer, self._connectors, self._statuses:
                making = Making(self._pipeline, self._store, self._secrets.vault, registry, producer, stop)
                self._reports = Reports(producer, self._pipeline.name, self._worker_id)
                async with self._member() as member, self._telling(self._reports):
                    declaring = asyncio.create_task(self._declare())
                    await self._work(making, member, declaring, stop)
                    await self._end(self._held.keys())
                await self._reports.leave()

    async def _work(
        self, making: Making, member: "asyncio.Task[None]", declaring: "asyncio.Task[None]", stop: asyncio.Event
    ) -> None:
        stopping = asyncio.create_task(stop.wait())
        try:
            while not (stopping.done() or member.done()):
                self._wake.clear()
                if declaring.done():
                    declaring.result()
                    self._reconcile(making)
                waits = [asyncio.create_task(self._connectors.changed()), asyncio.create_task(self._wake.wait())]
                ends = {stopping, member} | (set() if declaring.done() else {declaring})
                await asyncio.wait({*waits, *ends}, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()
        finally:
            stopping.cancel()
            declaring.cancel()
        if member.done():
            member.result()

    async def _declare(self) -> None:
        """Make the connectors what the file says."""
        store = ConnectorStore(self._pipeline.kafka.bootstrap_servers, self._pipeline.name)
        while not self._connectors.caught_up:
            await self._connectors.changed()
        steps = plan(self._connectors.current, declared(self._loaded), f"worker {self._worker_id}")
        await apply(store, steps)
        wanted = declared(self._loaded)
        while any(
            (entry := self._connectors.current.entries.get(name)) is None or entry.settings != settings
            for name, (_, settings) in wanted.items()
        ):
            await self._connectors.changed()
        self._is_declared = True

    def _reconcile(self, making: Making) -> None:
        """End what is not wanted, begin what is missing, and tell the others what they are wanted to be."""
        current = self._connectors.current
        owned = self._membership.owned if self._membership is not None else frozenset()
        wanted = wanted_tasks(current, owned)
        for task, held in list(self._held.items()):
            if held.running is not None and held.running.done():
                del self._held[task]
            elif not held.is_stopping and (task not in wanted or _differ(held.entry, wanted[task])):
                held.stop()
        for task, entry in wanted.items():
            self._run_as_wanted(task, entry, making)
        if self._secrets.vault is not None:
            entries = [held.entry for held in self._held.values()]
            self._secrets.vault.keep_only(
                [use.reference for use in self._loaded.secrets]
                + [reference for entry in entries for reference in references(entry.settings)]
            )

    def _run_as_wanted(self, task: TaskId, entry: Entry, making: Making) -> None:
        current = self._connectors.current
        order = current.restarts.get(task[0])
        if task not in self._held:
            held = self._held[task] = HeldTask(task, entry, making.make, order)
            held.want(paused=current.targets.get(task[0]) is State.PAUSED)
            held.start(self._wake.set)
            return
        held = self._held[task]
        if held.is_stopping:
            return
        held.entry = entry
        held.want(paused=current.targets.get(task[0]) is State.PAUSED)
        if order is not None and order != held.restart_seen:
            held.restart_seen = order
            if order.task in (None, task[1]) and (held.state is State.FAILED or not order.only_failed):
                held.restart()

    @asynccontextmanager
    async def _member(self) -> AsyncIterator["asyncio.Task[None]"]:
        """Be a member of the group; at the end, leave it."""
        servers = self._pipeline.kafka.bootstrap_servers
        membership = self._membership = Membership(servers, self._pipeline.name, self._release, self._wake.set)
        running = asyncio.create_task(membership.run())
        try:
            yield running
        finally:
            membership.stop()
            await asyncio.wait({running})

    async def _release(self, partitions: frozenset[int], lost: bool) -> None:
        """End the tasks of partitions that go; their next owner waits for it, unless it has begun already."""
        tasks = [task for task in self._held if task_partition(*task) in partitions]
        if lost and tasks:
            _log.warning("tasks lost to other workers", tasks=len(tasks))
        await self._end(tasks, lost=lost)

    async def _end(self, tasks: Collection[TaskId], *, lost: bool = False) -> None:
        leaving = {task: self._held[task] for task in tasks if task in self._held}
        for held in leaving.values():
            held.stop()
        running = {held.running for held in leaving.values() if held.running is not None}
        if running:
            _, late = await asyncio.wait(running, timeout=_RELEASE_SECONDS)
            for task in late:
                task.cancel()
        if self._reports is None:
            return
        if lost:
            for one in leaving:
                self._reports.forget(one)
        else:
            await self._reports.release(dict.fromkeys(leaving, State.UNASSIGNED))

    @asynccontextmanager
    async def _telling(self, reports: Reports) -> AsyncIterator[None]:
        """Say how the tasks are, as long as the context lasts."""
        telling = asyncio.create_task(self._tell(reports))
        try:
            yield
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    async def _tell(self, reports: Reports) -> None:
        while True:
            owned = self._membership.owned if self._membership is not None else frozenset()
            known = self._statuses.current
            states = {
                task: (held.state, held.trace, held.entry.version)
                for task, held in self._held.items()
                if task_partition(*task) in owned and not held.is_stopping
            }
            await reports.tell(states, known)
            if self._is_declared and self._statuses.caught_up:
                await self._tell_of_the_rest(reports, owned, known)
            await asyncio.sleep(_TELL_SECONDS)

    async def _tell_of_the_rest(self, reports: Reports, owned: frozenset[int], known: Statuses) -> None:
        """Of tasks in our partitions that do not run: because they are stopped, or because there are none such."""
        current = self._connectors.current
        there = {(name, number) for name, number, _ in all_tasks(current)}
        ours = {task for task in known.tasks if task_partition(*task) in owned and task not in self._held}
        await reports.remove([task for task in ours if task not in there])
        stopped = [
            task
            for task in ours & there
            if current.targets.get(task[0]) is State.STOPPED and known.tasks[task].state is not State.STOPPED
        ]
        await reports.stopped({task: current.entries[task[0]].version for task in stopped})

    def _why_not(self, task: TaskId) -> str:
        if self._connectors.current.targets.get(task[0]) is State.STOPPED:
            return ""
        if self._membership is not None and task_partition(*task) in self._membership.owned:
            held = self._held.get(task)
            return "starting" if held is None else _unwell(held.state, held.trace)
        status = self._statuses.current.tasks.get(task)
        if status is None or not self._is_alive(status.worker_id):
            return "unassigned"
        return _unwell(status.state, status.trace)

    def _is_alive(self, worker: str) -> bool:
        seen = self._statuses.current.workers.get(worker)
        return seen is not None and datetime.now(UTC) - datetime.fromisoformat(seen.seen) < _NOT_SEEN_FOR


def _unwell(state: State, trace: str) -> str:
    """Why a task does not run, in one word: the reason that its error begins with."""
    if state in _WELL:
        return ""
    return trace.partition(":")[0] or "starting"


def _differ(one: Entry, other: Entry) -> bool:
    return (one.kind, one.settings) != (other.kind, other.settings)
