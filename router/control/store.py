"""The topics of the control plane, read to their end and written durably."""

from datetime import UTC, datetime

from router.config.names import connectors_topic, status_topic
from router.control.records import (
    Connectors,
    Entry,
    Restart,
    Statuses,
    TaskStatus,
    WorkerSeen,
    fold_connectors,
    fold_statuses,
    key,
    value,
)
from router.fetching.states import State
from router.kafka.blocking import call_blocking
from router.kafka.clients import producer as producer_settings
from router.kafka.log import read_topic
from router.kafka.producer import AsyncProducer, Message


class _Topic:
    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self.topic = topic

    async def _write(self, records: dict[bytes, bytes | None]) -> None:
        """Returning means durable. Raises ConnectorError."""
        async with AsyncProducer(producer_settings(self._bootstrap_servers, f"con-{self.topic}")) as producer:
            await producer.send([Message(self.topic, one, content, [], 0) for one, content in records.items()])


class ConnectorStore(_Topic):
    """The topic `<pipeline>.connectors`."""

    def __init__(self, bootstrap_servers: str, pipeline: str) -> None:
        super().__init__(bootstrap_servers, connectors_topic(pipeline))

    async def read(self) -> Connectors:
        """What is in it now; nothing where there is no such topic yet. Raises ConnectorError."""
        return await call_blocking(
            lambda: fold_connectors(read_topic(self._bootstrap_servers, self.topic)), "kafka-connectors"
        )

    async def put(self, name: str, entry: Entry) -> None:
        """Create or change a connector. Raises ConnectorError, as the other changes do."""
        await self._write({key("connector", name): value(entry)})

    async def delete(self, name: str) -> None:
        """Remove all that is said of a connector."""
        await self._write({key(what, name): None for what in ("connector", "target", "restart")})

    async def target(self, name: str, state: State) -> None:
        """Say what a connector is wanted to be."""
        await self._write({key("target", name): value(state)})

    async def restart(self, name: str, task: int | None, only_failed: bool) -> None:
        """Ask for a restart."""
        at = datetime.now(UTC).isoformat()
        await self._write({key("restart", name): value(Restart(at, task, only_failed))})


class StatusStore(_Topic):
    """The topic `<pipeline>.status`."""

    def __init__(self, bootstrap_servers: str, pipeline: str) -> None:
        super().__init__(bootstrap_servers, status_topic(pipeline))

    async def read(self) -> Statuses:
        """What is in it now; nothing where there is no such topic yet. Raises ConnectorError."""
        return await call_blocking(
            lambda: fold_statuses(read_topic(self._bootstrap_servers, self.topic)), "kafka-statuses"
        )

    async def put_task(self, name: str, number: int, status: TaskStatus | None) -> None:
        """Say what a task is; None: it is gone. Raises ConnectorError."""
        await self._write({key("task", name, number): None if status is None else value(status)})

    async def put_worker(self, worker: str, seen: WorkerSeen | None) -> None:
        """Say that a worker is there; None: it has left. Raises ConnectorError."""
        await self._write({key("worker", worker): None if seen is None else value(seen)})
