"""An `emit` that stands for Kafka: what it keeps, and the ways in which it ends a session."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from router.api import Checkpoint, ConnectorError, Emit, Position, Reason, Record, Source
from router.testing.conformance.claim import broken, ended, hold


class Ending(StrEnum):
    """How a call of emit ends the session."""

    REFUSED = "emit failed, and nothing of the call is durable"
    UNKNOWN = "emit failed, though all of the call is durable"
    CANCELLED = "it was cancelled while emit waited, and nothing of the call is durable"


class Durable:
    """records and checkpoints: what is durable. offered: every record that emit was ever given, by its id."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.checkpoints: dict[str, Position] = {}
        self.offered: dict[str, Record] = {}

    @property
    def ids(self) -> list[str]:
        """The ids of what is durable."""
        return [record.id for record in self.records]

    def keep(self, records: Sequence[Record], checkpoint: Checkpoint | None) -> None:
        """Make records and checkpoint durable."""
        self.records += records
        if checkpoint is not None:
            self.checkpoints[checkpoint.stream] = _position(checkpoint)

    def note(self, records: Sequence[Record]) -> None:
        """Remember what was offered; the claim breaks if an id stands for two things."""
        for record in records:
            known = self.offered.setdefault(record.id, record)
            same = (known.type, known.subject) == (record.type, record.subject)
            hold(same, f"the id {record.id} stands for two records whose type or subject differ")


class Session:
    """The `emit` of one session. passes: how many calls succeed before one ends it as `ending` says."""

    def __init__(self, durable: Durable, passes: int | None = None, ending: Ending = Ending.REFUSED) -> None:
        self._durable = durable
        self._passes = passes
        self._ending = ending
        self.error = ConnectorError(Reason.TRANSACTION_OUTCOME_UNKNOWN, "The suite ends this session.")
        self.is_over = asyncio.Event()

    async def __call__(self, records: Sequence[Record], *, checkpoint: Checkpoint | None = None) -> None:
        """Keep it, or end the session."""
        await asyncio.sleep(0)  # as an emit that waits for a broker
        if self.is_over.is_set():
            raise self.error
        self._durable.note(records)
        if self._passes == 0:
            await self._end(records, checkpoint)
        if self._passes is not None:
            self._passes -= 1
        self._durable.keep(records, checkpoint)

    async def _end(self, records: Sequence[Record], checkpoint: Checkpoint | None) -> None:
        self.is_over.set()
        if self._ending is Ending.UNKNOWN:
            self._durable.keep(records, checkpoint)
        if self._ending is Ending.CANCELLED:
            await asyncio.Event().wait()
        raise self.error

    async def ends(self, running: asyncio.Task[None]) -> None:
        """Wait until the run has ended, with the session or by itself; break the claim if it ends otherwise."""
        over = asyncio.create_task(self.is_over.wait())
        await asyncio.wait({running, over}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if self.is_over.is_set() and self._ending is Ending.CANCELLED:
            await ended(running, "run")
            return
        _, still = await asyncio.wait({running}, timeout=5)
        if still:
            await ended(running, "run")
            broken("it goes on for more than 5 seconds after emit has failed")
        error = None if running.cancelled() else running.exception()
        if self.is_over.is_set():
            hold(self.error in _leaves(error), f"emit's error does not come out of it, but {error!r}")
        elif error is not None:
            raise error


def start(source: Source, emit: Emit, durable: Durable) -> "asyncio.Task[None]":
    """A run from what is durable, in the background."""
    checkpoints: Mapping[str, Position] = json.loads(json.dumps(durable.checkpoints))
    return asyncio.create_task(source.run(emit, checkpoints))


def _position(checkpoint: Checkpoint) -> dict[str, Any]:
    """The position as it will be read again; the claim breaks if it is another one then."""
    given = dict(checkpoint.position)
    try:
        read: dict[str, Any] = json.loads(json.dumps(given, allow_nan=False))
    except (TypeError, ValueError) as error:
        broken(f"the checkpoint of {checkpoint.stream} is no JSON: {error}")
    hold(read == given, f"the checkpoint of {checkpoint.stream} is {given}, but {read} when it is read again")
    return read


def _leaves(error: BaseException | None) -> list[BaseException | None]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]
