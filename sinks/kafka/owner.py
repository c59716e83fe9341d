"""The owner of one partition: its producer, its position, and the thread on which its calls block."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from router.api import Batch, ConnectorError, Reason, TopicPartition
from sinks.kafka.cluster import Cluster
from sinks.kafka.config import KafkaConfig
from sinks.kafka.limits import Limits
from sinks.kafka.positions import Slot, positions_topic
from sinks.kafka.reading import read_position
from sinks.kafka.records import records
from sinks.kafka.transactions import Transactions

T = TypeVar("T")


class Owner:
    """position: the next offset to write; None if unknown."""

    def __init__(self, config: KafkaConfig, sink: str, partition: TopicPartition) -> None:
        self._config = config
        self._sink = sink
        self._slot = Slot(positions_topic(sink), partition)
        self._limits = Limits(0, None)
        self._transactions: Transactions | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"kafka-{partition}")
        self.position: int | None = None

    async def claim(self) -> None:
        """Fence the owner before, and read the position that it has left. Raises ConnectorError."""
        self.position = await self._call(self._claim)

    async def write(self, batch: Batch) -> None:
        """Write the batch, and move the position. Raises ConnectorError, RecordsRefusedError."""
        await self._call(lambda: self._write(batch))
        self.position = batch.next_offset

    def release(self) -> "Future[None]":
        """Let go of the producer once the call under way has ended. Nothing may be called afterwards."""
        closed = self._thread.submit(self._close)
        self._thread.shutdown(wait=False)
        return closed

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _claim(self) -> int | None:
        cluster = Cluster(self._config, self._sink)
        self._limits = cluster.limits(self._config.topic, self._slot.topic)
        self._transactions, position = self._fence(cluster)
        return position

    def _fence(self, cluster: Cluster) -> tuple[Transactions, int | None]:
        """A producer that fences the owner before, and the position that this one has left."""
        transactions = Transactions(self._config, self._sink, self._slot, self._limits.largest)
        try:
            # Its end is asked for only now: nothing of the owner before can come after it.
            position = read_position(self._config, self._sink, self._slot, cluster.end(self._slot))
        except BaseException:
            transactions.close()
            raise
        return transactions, position

    def _write(self, batch: Batch) -> None:
        made = records(batch.events, self._config.format, self._limits)
        transactions = self._transactions or self._claimed_again()
        try:
            transactions.publish(made, batch.next_offset)
        except BaseException:
            self._close()
            raise

    def _claimed_again(self) -> Transactions:
        """After records that were refused: the runtime offers others, for which the position must still be the same."""
        self._transactions, position = self._fence(Cluster(self._config, self._sink))
        if position != self.position:
            raise ConnectorError(Reason.POSITION_MOVED, "Another owner has moved the position meanwhile.")
        return self._transactions

    def _close(self) -> None:
        if self._transactions is not None:
            self._transactions.close()
            self._transactions = None
