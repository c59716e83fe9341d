"""What this worker says of itself and its tasks, in the topic of statuses."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog

from router.api import ConnectorError
from router.config.names import status_topic
from router.control.records import Statuses, TaskId, TaskStatus, WorkerSeen, key, value
from router.fetching.states import State
from router.kafka.producer import AsyncProducer, Message

BEAT_SECONDS = 5.0
_LAST_WORDS_SECONDS = 3.0
_GONE_FOR = timedelta(hours=1)
_log = structlog.get_logger("router.control")


class Reports:
    """Says what is new, and every five seconds that the worker is there."""

    def __init__(self, producer: AsyncProducer, pipeline: str, worker_id: str) -> None:
        self._producer = producer
        self._topic = status_topic(pipeline)
        self._worker_id = worker_id
        self._began = _now()
        self._said: dict[TaskId, TaskStatus] = {}
        self._beat_at = 0.0
        self._is_cut_off = False

    async def tell(self, tasks: Mapping[TaskId, tuple[State, str, int]], known: Statuses) -> None:
        """Say what has changed; with a beat, also what somebody else has said of our tasks meanwhile."""
        beat = asyncio.get_running_loop().time() >= self._beat_at
        records: dict[bytes, bytes | None] = {}
        for task, (state, trace, version) in tasks.items():
            said = self._said.get(task)
            contradicted = beat and task in known.tasks and known.tasks[task].worker_id != self._worker_id
            if said is None or contradicted or (said.state, said.trace, said.version) != (state, trace, version):
                status = TaskStatus(state, self._worker_id, trace, _now(), version)
                records[key("task", *task)] = value(status)
                self._said[task] = status
        if beat:
            self._beat_at = asyncio.get_running_loop().time() + BEAT_SECONDS
            records |= self._beat(known)
        await self._write(records)

    async def release(self, tasks: Mapping[TaskId, State]) -> None:
        """Say that these do not run here any longer."""
        records: dict[bytes, bytes | None] = {}
        for task, state in tasks.items():
            said = self._said.pop(task, None)
            if said is not None:
                records[key("task", *task)] = value(TaskStatus(state, self._worker_id, "", _now(), said.version))
        await self._write(records)

    async def stopped(self, versions: Mapping[TaskId, int]) -> None:
        """Say that these are stopped, as is wanted."""
        await self._write(
            {
                key("task", *task): value(TaskStatus(State.STOPPED, self._worker_id, "", _now(), version))
                for task, version in versions.items()
            }
        )
        for task in versions:
            self._said.pop(task, None)

    def forget(self, task: TaskId) -> None:
        """Say nothing more of it: it has been somebody else's for a while."""
        self._said.pop(task, None)

    async def remove(self, tasks: list[TaskId]) -> None:
        """Say that there are no such tasks any longer."""
        for task in tasks:
            self._said.pop(task, None)
        await self._write({key("task", *task): None for task in tasks})

    async def leave(self) -> None:
        """Say that the worker is gone; if nobody could be told of the last change, nobody can be now."""
        if self._is_cut_off:
            return
        await self._write({key("worker", self._worker_id): None})

    def _beat(self, known: Statuses) -> dict[bytes, bytes | None]:
        oldest = datetime.now(UTC) - _GONE_FOR
        gone: dict[bytes, bytes | None] = {
            key("worker", worker): None
            for worker, seen in known.workers.items()
            if datetime.fromisoformat(seen.seen) < oldest
        }
        return gone | {key("worker", self._worker_id): value(WorkerSeen(self._began, _now()))}

    async def _write(self, records: Mapping[bytes, bytes | None]) -> None:
        """Whoever cannot be told now is told with the next change or beat; no task waits for it."""
        if not records:
            return
        try:
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await self._producer.send([Message(self._topic, one, said, [], 0) for one, said in records.items()])
        except (TimeoutError, ConnectorError):
            self._is_cut_off = True
            self._said.clear()
            _log.warning("status not published, will be said again")
        else:
            self._is_cut_off = False


def _now() -> str:
    return datetime.now(UTC).isoformat()
