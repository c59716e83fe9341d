"""The Kafka sink: records and position in one transaction."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future, wait
from contextlib import asynccontextmanager

from router.api import Action, Batch, ConnectorError, Reason, RecordsRefusedError, TopicPartition
from sinks.kafka.config import KafkaConfig
from sinks.kafka.owner import Owner

_CLOSE_SECONDS = 10


class KafkaSink:
    """Exactly once for whoever reads what is committed: a record is there if and only if the position behind it is."""

    def __init__(self, config: KafkaConfig, name: str) -> None:
        self._config = config
        self._name = name
        self._owners: dict[TopicPartition, Owner] = {}
        self._closing: set[Future[None]] = set()

    async def claim(self, partition: TopicPartition) -> int | None:
        """Take the partition over. Raises ConnectorError."""
        self._drop(partition)
        owner = Owner(self._config, self._name, partition)
        try:
            await owner.claim()
        except BaseException:
            self._release(owner)
            raise
        self._owners[partition] = owner
        return owner.position

    async def write(self, batch: Batch) -> int:
        """Write the batch's records and its position. Raises ConnectorError, RecordsRefusedError."""
        owner = self._owners.get(batch.partition)
        if owner is None:
            raise ConnectorError(Reason.POSITION_MOVED, f"Partition {batch.partition} has not been claimed.")
        if owner.position not in (None, batch.first_offset):
            raise ConnectorError(
                Reason.POSITION_MOVED,
                f"The position is {owner.position}, not {batch.first_offset}, where the batch begins.",
            )
        try:
            await owner.write(batch)
        except RecordsRefusedError:
            raise
        except ConnectorError as error:
            if error.action is Action.REOPEN:
                self._drop(batch.partition)
            raise
        except BaseException:
            # What has become of a write that was cancelled, nobody knows.
            self._drop(batch.partition)
            raise
        return 0

    async def close(self) -> None:
        """Let go of all producers; wait for calls that are under way, but not for ever."""
        for partition in list(self._owners):
            self._drop(partition)
        await asyncio.to_thread(wait, set(self._closing), _CLOSE_SECONDS)

    def _drop(self, partition: TopicPartition) -> None:
        owner = self._owners.pop(partition, None)
        if owner is not None:
            self._release(owner)

    def _release(self, owner: Owner) -> None:
        closed = owner.release()
        self._closing.add(closed)
        closed.add_done_callback(self._closing.discard)


@asynccontextmanager
async def open_sink(config: KafkaConfig, name: str) -> AsyncIterator[KafkaSink]:
    """The sink while the context lasts; it connects with the first claim."""
    sink = KafkaSink(config, name)
    try:
        yield sink
    finally:
        await sink.close()
