"""Sources in memory that do what a script says."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from router.api import (
    Checkpoint,
    ConnectorConfig,
    Emit,
    Position,
    Record,
    Source,
    SourceConnector,
    Stream,
    Window,
)


@dataclass(frozen=True, slots=True)
class Emits:
    """A step of a script: one call of emit."""

    records: Sequence[Record] = ()
    checkpoint: Checkpoint | None = None


Step = Emits | Exception | None


class ScriptedSource:
    """Each call of `run` takes steps up to its end: an error is raised, None returns. After the script it streams on.

    runs: the checkpoints that each call was given. windows: the same of each call of `backfill`, with its window.
    """

    def __init__(self, script: Iterable[Step] = ()) -> None:
        self._script = list(script)
        self.runs: list[Mapping[str, Position]] = []
        self.windows: list[tuple[Window, Mapping[str, Position]]] = []

    async def run(self, emit: Emit, checkpoints: Mapping[str, Position]) -> None:
        """Do the next steps."""
        self.runs.append(checkpoints)
        await self._play(emit)

    async def backfill(self, emit: Emit, checkpoints: Mapping[str, Position], window: Window) -> None:
        """Do the next steps."""
        self.windows.append((window, checkpoints))
        await self._play(emit)

    async def _play(self, emit: Emit) -> None:
        while self._script:
            step = self._script.pop(0)
            if step is None:
                return
            if isinstance(step, Exception):
                raise step
            await emit(step.records, checkpoint=step.checkpoint)
        await asyncio.Event().wait()


class NoSettings(ConnectorConfig):
    """A connector without settings."""


def scripted_connector(source: Source, streams: Sequence[Stream] = ()) -> SourceConnector:
    """A connector that opens this source, whatever its configuration."""

    @asynccontextmanager
    async def opened(_config: NoSettings, _name: str) -> AsyncIterator[Source]:
        yield source

    async def check(_config: NoSettings) -> None:
        """There is nothing to look at."""

    async def discover(_config: NoSettings) -> Sequence[Stream]:
        return streams

    return SourceConnector(
        name="scripted",
        version="1.0",
        summary="Does what a test says",
        config=NoSettings,
        open=opened,
        hosts=lambda _config: (),
        check=check,
        discover=discover,
    )
