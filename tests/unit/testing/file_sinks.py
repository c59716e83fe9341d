"""Sinks that append to a file, with a position in another: an honest one, and two that a kill finds out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from router.api import (
    Batch,
    ConnectorConfig,
    ConnectorError,
    Guarantee,
    Reason,
    SinkConnector,
    TopicPartition,
)
from router.testing.conformance.sink_target import Arrival, SinkTarget

_PAUSE_SECONDS = 0.005
Open = Callable[[Any, str], AbstractAsyncContextManager["FileSink"]]


class Settings(ConnectorConfig):
    directory: Path


class FileSink:
    """Honest: a line has the position behind it, so that both are written at once."""

    def __init__(self, directory: Path) -> None:
        self.lines = directory / "lines"
        self.position_file = directory / "position"

    async def claim(self, partition: TopicPartition) -> int | None:
        return self.position()

    async def write(self, batch: Batch) -> int:
        if self.position() not in (None, batch.first_offset):
            raise ConnectorError(Reason.POSITION_MOVED, "The position is somewhere else.")
        await self.append(batch)
        return 0

    def position(self) -> int | None:
        return int(self.lines.read_text().splitlines()[-1].split()[1]) if self.lines.exists() else None

    async def append(self, batch: Batch) -> None:
        self.write_lines(batch)

    def write_lines(self, batch: Batch) -> None:
        with self.lines.open("a", buffering=1_000_000) as file:
            file.writelines(f"{event.id} {batch.next_offset}\n" for event in batch.events)


class PositionFirst(FileSink):
    def position(self) -> int | None:
        return int(self.position_file.read_text()) if self.position_file.exists() else None

    def move(self, position: int) -> None:
        made = self.position_file.with_suffix(".new")
        made.write_text(str(position))
        made.replace(self.position_file)

    async def append(self, batch: Batch) -> None:
        self.move(batch.next_offset)
        await asyncio.sleep(_PAUSE_SECONDS)
        self.write_lines(batch)


class PositionLast(PositionFirst):
    async def append(self, batch: Batch) -> None:
        self.write_lines(batch)
        await asyncio.sleep(_PAUSE_SECONDS)
        self.move(batch.next_offset)


class FileTarget(SinkTarget):
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def config(self) -> Mapping[str, Any]:
        return {"directory": str(self._directory)}

    @property
    def away(self) -> Mapping[str, Any]:
        return {"directory": str(self._directory / "missing")}

    async def arrived(self) -> Sequence[Arrival]:
        lines = (self._directory / "lines").read_text().splitlines()
        return [Arrival(line.split()[0]) for line in lines]


def _open(kind: type[FileSink]) -> Open:
    @asynccontextmanager
    async def open_sink(config: Settings, name: str) -> AsyncIterator[FileSink]:
        yield kind(config.directory)

    return open_sink


def _connector(kind: type[FileSink]) -> SinkConnector:
    return SinkConnector(
        name="file",
        version="1",
        summary="Appends to a file.",
        config=Settings,
        open=_open(kind),
        hosts=lambda config: (),
        guarantee=Guarantee.EXACTLY_ONCE,
        max_batch_events=100,
    )


honest = _connector(FileSink)
position_first = _connector(PositionFirst)
position_last = _connector(PositionLast)
