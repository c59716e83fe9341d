"""What owners are about to write, noted before they do, so that others find what was left without a commit."""

from datetime import UTC, datetime, timedelta

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from sinks.object_store.log import Log
from sinks.object_store.store import Listed, Store

_KEPT = timedelta(hours=1)
"""So long an owner that was fenced may still write, and its notes are looked at again by every claim."""


class Intent(BaseModel):
    """One owner's notes.

    sequence, write: the commit that the objects are meant for. abandoned: objects that are never to be committed.
    """

    model_config = ConfigDict(frozen=True)

    sequence: int
    write: str
    objects: tuple[str, ...]
    abandoned: tuple[str, ...]


class Intents:
    """The notes of a partition's owners, one object for each."""

    def __init__(self, store: Store, place: str) -> None:
        self._store = store
        self._directory = f"{place}/_intents"

    async def note(self, owner: str, intent: Intent) -> None:
        """Replace the owner's notes. Raises ConnectorError."""
        await self._store.replace(f"{self._directory}/{owner}.json", orjson.dumps(intent.model_dump()))

    async def clear(self, log: Log, claimed: int) -> None:
        """Delete what others have left without a commit. Raises ConnectorError.

        claimed: the number of the caller's claim. No other owner's commit can get this number or a higher one, so what
        is not committed below it never will be.
        """
        _, found = await self._store.list(self._directory)
        for listed in found:
            await self._clear(listed, log, claimed)

    async def _clear(self, listed: Listed, log: Log, claimed: int) -> None:
        body = await self._store.read(listed.name)
        intent = None if body is None else _parsed(body)
        if intent is not None:
            await self._store.delete(await _doomed(intent, log, claimed))
        if listed.modified < datetime.now(UTC) - _KEPT:
            await self._store.delete([listed.name])


async def _doomed(intent: Intent, log: Log, claimed: int) -> list[str]:
    if intent.sequence < claimed:
        entry = await log.entry(intent.sequence)
        # Without the entry, which only a person can have deleted, nobody can tell.
        if entry is None or entry.write == intent.write:
            return list(intent.abandoned)
    return [*intent.abandoned, *intent.objects]


def _parsed(body: bytes) -> Intent | None:
    try:
        return Intent.model_validate_json(body)
    except ValidationError:
        return None
