"""The object store sink: objects, and the commit that makes them count."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.api import Batch, ConnectorError, Reason, TopicPartition
from sinks.object_store.config import ObjectStoreConfig
from sinks.object_store.names import probe_name
from sinks.object_store.owner import Owner
from sinks.object_store.store import Store


class ObjectStoreSink:
    """Exactly once: an object counts if and only if the commit that names it is there, and with it the position."""

    def __init__(self, config: ObjectStoreConfig, store: Store, name: str) -> None:
        self._config = config
        self._store = store
        self._name = name
        self._owners: dict[TopicPartition, Owner] = {}
        self._refuses = False

    async def claim(self, partition: TopicPartition) -> int | None:
        """Take the partition over. Raises ConnectorError."""
        self._owners.pop(partition, None)
        await self._store.check_egress()
        await self._check_refusal()
        owner = Owner(self._config, self._store, self._name, partition)
        await owner.claim()
        self._owners[partition] = owner
        return owner.position

    async def _check_refusal(self) -> None:
        """See, once, that the store refuses to create an object that is there: some servers pass over the condition."""
        name = probe_name(self._name)
        if not self._refuses and await self._store.create(name, b"") and await self._store.create(name, b""):
            message = "The store does not know conditional writes: it has created an object twice."
            fix = "Use a server that knows `If-None-Match: *`; without it nobody could be kept from writing twice."
            raise ConnectorError(Reason.CONFIG_INVALID, message, fix=fix)
        self._refuses = True

    async def write(self, batch: Batch) -> int:
        """Write and commit the batch. Raises ConnectorError, RecordsRefusedError."""
        owner = self._owners.get(batch.partition)
        if owner is None:
            raise ConnectorError(Reason.POSITION_MOVED, f"Partition {batch.partition} has not been claimed.")
        await owner.write(batch)
        return 0


@asynccontextmanager
async def open_sink(config: ObjectStoreConfig, name: str) -> AsyncIterator[ObjectStoreSink]:
    """The sink while the context lasts; it connects with the first claim."""
    store = Store(config)
    try:
        yield ObjectStoreSink(config, store, name)
    finally:
        store.close()
