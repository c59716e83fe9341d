"""An owner of a partition: from its claim until another's.

Why it is exactly once. A claim and a commit both create the entry behind the newest one that their writer knows. An
owner knows its own last entry only; as soon as another has claimed, the name that the owner would commit to is taken,
and its commit fails. So the commits of all owners form one sequence, in which each begins where the one before ended.

Why nothing that is committed gets lost. Each write has a mark of its own in the names of its objects, which are
created and never replaced: whatever a sleeping owner does later, it touches no other's objects. Objects are deleted
only if their commit does not exist and cannot come to exist any more: by their own writer when its commit was refused,
or by a later owner, whose claim has taken the number that the commit would have needed. A mark is not used again, so
that a deletion that takes effect late deletes nothing that is wanted.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from secrets import token_hex

from router.api import Batch, ConnectorError, Reason, TopicPartition
from sinks.object_store.config import ObjectStoreConfig
from sinks.object_store.encoding import DataObject, data_objects
from sinks.object_store.errors import is_uncertain
from sinks.object_store.intents import Intent, Intents
from sinks.object_store.log import Entry, Log, StoredObject
from sinks.object_store.names import log_place
from sinks.object_store.partitions import directory
from sinks.object_store.store import Store

_CLAIMS = 10
_ABANDONED = 1_000
_MARK_BYTES = 8


class Owner:
    """What one owner does. position: the next offset to write; None if it is not known yet."""

    def __init__(self, config: ObjectStoreConfig, store: Store, sink: str, partition: TopicPartition) -> None:
        place = log_place(sink, partition)
        self._config = config
        self._store = store
        self._log = Log(store, place)
        self._intents = Intents(store, place)
        self._partition = partition
        self._directory = directory(config)
        self._name = token_hex(_MARK_BYTES)
        self._sequence = 0
        self._owns = False
        self._undeleted: list[str] = []
        self._abandoned: deque[str] = deque(maxlen=_ABANDONED)
        self.position: int | None = None

    async def claim(self) -> None:
        """Fence the owner before, and delete what it has left without a commit. Raises ConnectorError."""
        for _ in range(_CLAIMS):
            newest = await self._log.newest()
            self.position = newest.next_offset if newest else None
            self._sequence = newest.sequence + 1 if newest else 1
            claim = Entry(
                sequence=self._sequence,
                kind="claim",
                owner=self._name,
                at=datetime.now(UTC),
                next_offset=self.position,
            )
            if await self._log.append(claim):
                break
        else:
            raise ConnectorError(Reason.TARGET_BUSY, f"Others claim the partition {self._partition} all the time.")
        await self._intents.clear(self._log, self._sequence)
        self._owns = True

    async def write(self, batch: Batch) -> None:
        """Write the batch's objects and commit them. Raises ConnectorError, RecordsRefusedError."""
        if not self._owns or (self.position is not None and batch.first_offset != self.position):
            raise self._moved()
        mark = token_hex(_MARK_BYTES)
        objects = await asyncio.to_thread(data_objects, batch, self._config, self._directory, mark)
        try:
            if objects:
                await self._put(objects, mark)
            await self._commit(self._entry(batch, objects, mark))
        except BaseException:
            self._undeleted += [one.name for one in objects]
            self._abandoned.extend(one.name for one in objects)
            raise

    async def _put(self, objects: Sequence[DataObject], mark: str) -> None:
        names = tuple(one.name for one in objects)
        intent = Intent(sequence=self._sequence + 1, write=mark, objects=names, abandoned=tuple(self._abandoned))
        await self._intents.note(self._name, intent)
        await self._store.delete(self._undeleted)
        self._undeleted = []
        await self._store.create_all({one.name: one.body for one in objects})

    async def _commit(self, entry: Entry) -> None:
        self._owns = False  # until the store has answered, also if this is cancelled
        try:
            added = await self._log.append(entry) or await self._is_there(entry)
        except ConnectorError as error:
            if is_uncertain(error):
                message = f"Nobody knows whether a commit of {self._partition} took effect: {error.message}"
                raise ConnectorError(Reason.SINK_OUTCOME_UNKNOWN, message) from error
            self._owns = True
            raise
        if not added:
            # What cannot be deleted now, the next claim deletes.
            with suppress(ConnectorError):
                await self._store.delete([one.path for one in entry.objects])
            raise self._moved()
        self._owns = True
        self._sequence, self.position = entry.sequence, entry.next_offset

    async def _is_there(self, entry: Entry) -> bool:
        """Whether what has taken the name is the entry itself: a client may have sent it twice."""
        found = await self._log.entry(entry.sequence)
        return found is not None and found.write == entry.write

    def _entry(self, batch: Batch, objects: Sequence[DataObject], mark: str) -> Entry:
        return Entry(
            sequence=self._sequence + 1,
            kind="commit",
            owner=self._name,
            at=datetime.now(UTC),
            next_offset=batch.next_offset,
            first_offset=batch.first_offset,
            write=mark,
            objects=tuple(StoredObject(path=one.name, events=one.events, bytes=len(one.body)) for one in objects),
        )

    def _moved(self) -> ConnectorError:
        return ConnectorError(
            Reason.POSITION_MOVED,
            f"Partition {self._partition} is not at the batch's first offset, or is not this owner's any more.",
        )
