"""A source in memory that keeps every claim, unless it is told which one to break."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from router.api import (
    Checkpoint,
    ConnectorConfig,
    ConnectorError,
    Emit,
    Position,
    Reason,
    Record,
    Schema,
    SourceConnector,
    Stream,
    Window,
)
from router.testing.conformance.source import SourceOrigin

ROWS = Schema({"type": "record", "name": "Row", "fields": [{"name": "number", "type": "long"}]})
OTHER = Schema({"type": "record", "name": "Other", "fields": [{"name": "number", "type": "long"}]})
_SIZE = 2


class Settings(ConnectorConfig):
    is_away: bool = False


@dataclass
class Rows:
    """The origin; position: what a source with a flaw keeps there."""

    count: int = 0
    looked_at: int = 0
    position: int = 0
    left: list[Any] = field(default_factory=list)


class MemorySource:
    def __init__(self, rows: Rows, config: Settings, flaw: str) -> None:
        self._rows = rows
        self._config = config
        self._flaw = flaw

    async def run(self, emit: Emit, checkpoints: Mapping[str, Position]) -> None:
        if self._config.is_away and self._flaw != "reads what is away":
            raise ConnectorError(Reason.TARGET_UNREACHABLE, "away")
        if self._flaw == "starts a thread of its own":
            self._rows.left.append(asyncio.create_task(asyncio.sleep(60), name="left"))
        at = int(checkpoints.get("rows", {"at": [0]})["at"][0])
        if self._flaw == "keeps a position of its own":
            at = max(at, self._rows.position)
        while at < self._rows.count:
            following = min(at + _SIZE, self._rows.count)
            self._rows.position = following
            await self._emit(emit, [self._record(number) for number in range(at, following)], following)
            at = following

    async def backfill(self, emit: Emit, checkpoints: Mapping[str, Position], window: Window) -> None:
        for number in range(self._rows.count):
            record = self._record(number)
            await emit([record._replace(id=f"again-{record.id}") if self._flaw == "backfills new ids" else record])

    async def _emit(self, emit: Emit, records: Sequence[Record], following: int) -> None:
        position = {"at": (following,)} if self._flaw == "checkpoints what is no JSON" else {"at": [following]}
        checkpoint = Checkpoint("rows", position)
        if self._flaw == "checkpoints first":
            await emit((), checkpoint=checkpoint)
            await emit(records)
        elif self._flaw == "checkpoints later":
            await emit(records)
            await emit((), checkpoint=checkpoint)
        elif self._flaw == "swallows errors":
            with suppress(ConnectorError):
                await emit(records, checkpoint=checkpoint)
        else:
            await emit(records, checkpoint=checkpoint)

    def _record(self, number: int) -> Record:
        naive = datetime(2026, 1, 1)  # noqa: DTZ001  the flaw
        return Record(
            id=uuid4().hex if self._flaw == "gives new ids each time" else f"row-{number}",
            type="" if self._flaw == "has no type" else "row.added",
            data={"number": "many" if self._flaw == "does not fit its schema" else number},
            time=naive if self._flaw == "has naive times" else naive.replace(tzinfo=UTC),
            schema=OTHER if self._flaw == "has another schema" else ROWS,
        )


def connector(rows: Rows, flaw: str) -> SourceConnector:
    """The source's declaration, with one flaw or none."""

    @asynccontextmanager
    async def opened(config: Settings, _name: str) -> AsyncIterator[MemorySource]:
        yield MemorySource(rows, config, flaw)

    async def check(config: Settings) -> None:
        if flaw == "changes the origin by looking":
            rows.looked_at += 1
        if config.is_away and flaw != "checks nothing":
            raise ConnectorError(Reason.TARGET_UNREACHABLE, "away")

    async def discover(_config: Settings) -> Sequence[Stream]:
        return [Stream("rows", ROWS)]

    return SourceConnector(
        name="memory",
        version="1.0",
        summary="Reads rows in memory.",
        config=Settings,
        open=opened,
        hosts=lambda _config: ("nothing that is an address",) if flaw == "declares an odd host" else (),
        check=check,
        discover=discover,
        streams_on=flaw == "returns though it streams",
    )


class Memory(SourceOrigin):
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    @property
    def config(self) -> Mapping[str, Any]:
        return {}

    @property
    def away(self) -> Mapping[str, Any]:
        return {"is_away": True}

    async def add(self, count: int) -> None:
        self._rows.count += count

    async def state(self) -> object:
        return self._rows.count, self._rows.looked_at
