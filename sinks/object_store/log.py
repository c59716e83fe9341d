"""The log of a partition: claims and commits, each an object that can be created only once.

The entry behind the newest one has one name, so that of all who want to write it one succeeds, and whoever has not
seen the newest entry fails. Entries are numbered without gaps and are never changed, and the sink never deletes them:
the name of an entry that was deleted would be free again for a writer that has slept.
"""

from datetime import datetime
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from router.api import ConnectorError, Reason
from sinks.object_store.store import Store

_PER_DIRECTORY = 1_000
"""As many as one page of a listing has, so that the newest entry is found with two pages among a million."""


class StoredObject(BaseModel):
    """A data object of a commit. path: relative to the url. bytes: its size."""

    model_config = ConfigDict(frozen=True)

    path: str
    events: int
    bytes: int


class Entry(BaseModel):
    """An entry. next_offset: how far the partition is written; None if nobody has written yet.

    owner: whoever has claimed the partition. write: the commit's own mark, which its objects have in their names.
    first_offset: where the commit begins.
    """

    model_config = ConfigDict(frozen=True)

    sequence: int
    kind: Literal["claim", "commit"]
    owner: str
    at: datetime
    next_offset: int | None
    first_offset: int | None = None
    write: str | None = None
    objects: tuple[StoredObject, ...] = ()


class Log:
    """The entries below a directory."""

    def __init__(self, store: Store, place: str) -> None:
        self._store = store
        self._place = place

    async def newest(self) -> Entry | None:
        """The entry with the highest number; None if there is none. Raises ConnectorError."""
        directories, _ = await self._store.list(self._place)
        numbered = [name for name in directories if name.rpartition("/")[2].isdecimal()]
        for directory in sorted(numbered, reverse=True):  # more than one only where a directory has become empty
            _, objects = await self._store.list(directory)
            if names := [found.name for found in objects if found.name.endswith(".json")]:
                return await self._listed(max(names))
        return None

    async def _listed(self, name: str) -> Entry:
        body = await self._store.read(name)
        if body is None:
            # Taking it for no entry at all would begin anew.
            raise ConnectorError(Reason.TARGET_BUSY, f"The object {name} was listed, but is not there.")
        return _parsed(body, name)

    async def entry(self, sequence: int) -> Entry | None:
        """The entry of this number, if it is there. Raises ConnectorError."""
        name = self._name(sequence)
        body = await self._store.read(name)
        return None if body is None else _parsed(body, name)

    async def append(self, entry: Entry) -> bool:
        """Add the entry; False if there is one of its number. Raises ConnectorError."""
        body = orjson.dumps(entry.model_dump(mode="json"))
        return await self._store.create(self._name(entry.sequence), body)

    def _name(self, sequence: int) -> str:
        return f"{self._place}/{sequence // _PER_DIRECTORY:09}/{sequence:012}.json"


def _parsed(body: bytes, name: str) -> Entry:
    try:
        return Entry.model_validate_json(body)
    except ValidationError:
        message = f"The object {name} is no entry that the sink has written."
        raise ConnectorError(
            Reason.CONFIG_INVALID, message, fix="Restore what it was; only the sink writes there."
        ) from None
