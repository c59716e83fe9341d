"""What the sink asks of a store, in its own few words, with errors translated."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import ObjectStore

from router.api import ConnectorError, Reason
from sinks.object_store.config import ObjectStoreConfig
from sinks.object_store.connect import Login, connect, login, make_durable
from sinks.object_store.errors import STORE_ERRORS, translate

_AT_ONCE = 8


class Listed(NamedTuple):
    """An object of a directory."""

    name: str
    modified: datetime


class Store:
    """The objects below the url. All names are relative to it. Every method raises ConnectorError."""

    def __init__(self, config: ObjectStoreConfig) -> None:
        self._config = config
        self._is_directory = config.location.scheme == "file"
        self._made: tuple[Login, ObjectStore] | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def check_egress(self) -> None:
        """See whether connectors may connect to the server. Raises ConnectorError (EGRESS_DENIED)."""
        for address in self._config.addresses:
            host, _, port = address.rpartition(":")
            await self._config.egress.addresses(host, int(port))

    def close(self) -> None:
        """Let go of the connections, which end with the client that has them."""
        self._made = None

    async def create(self, name: str, body: bytes) -> bool:
        """Put an object of a new name; False, without any effect, if there is one of that name."""
        async with self._doing("writing") as store:
            try:
                await obstore.put_async(store, name, body, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            await self._settle(name)
        return True

    async def replace(self, name: str, body: bytes) -> None:
        """Put an object, whether there is one of that name or not."""
        async with self._doing("writing") as store:
            await obstore.put_async(store, name, body, mode="overwrite", use_multipart=False)
            await self._settle(name)

    async def read(self, name: str) -> bytes | None:
        """The object; None if there is none."""
        async with self._doing("reading") as store:
            try:
                found = await obstore.get_async(store, name)
                return bytes(await found.bytes_async())
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise
                return None

    async def create_all(self, bodies: Mapping[str, bytes]) -> None:
        """Put objects of new names, which nobody else has: one that is there is the very same."""
        await _together([self.create(name, body) for name, body in bodies.items()])

    async def delete(self, names: Iterable[str]) -> None:
        """Delete the objects, as far as they are there."""
        await _together([self._delete(name) for name in names])

    async def list(self, directory: str) -> tuple[list[str], list[Listed]]:
        """The names of the directories in a directory, and its objects."""
        async with self._doing("listing") as store:
            found = await obstore.list_with_delimiter_async(store, directory)
        objects = [Listed(one["path"], one["last_modified"]) for one in found["objects"]]
        return list(found["common_prefixes"]), objects

    async def _delete(self, name: str) -> None:
        async with self._doing("deleting") as store:
            try:
                await obstore.delete_async(store, name)
            except FileNotFoundError:
                return

    async def _settle(self, name: str) -> None:
        if self._is_directory:
            try:
                await asyncio.to_thread(make_durable, self._config.location.path, name)
            except OSError as error:
                # Whatever it is, the object is there already: to take it for refused would be wrong.
                message = f"The disk does not confirm that it has kept an object ({error.strerror})."
                raise ConnectorError(Reason.TARGET_BUSY, message) from error

    @asynccontextmanager
    async def _doing(self, doing: str) -> AsyncIterator[ObjectStore]:
        async with self._slots:
            store = self._store()
            try:
                yield store
            except STORE_ERRORS as error:
                # Without the cause, whose text repeats keys and what was signed.
                raise translate(error, doing) from None

    def _store(self) -> ObjectStore:
        """The store by the credentials as they are now."""
        credentials = login(self._config)
        if self._made is None or self._made[0] != credentials:
            self._made = (credentials, connect(self._config, credentials))
        return self._made[1]


async def _together(work: Sequence[Coroutine[Any, Any, object]]) -> None:
    """Run all at once; the first that fails ends the others, and its error is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
