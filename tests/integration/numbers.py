"""A source of the numbers from 0 on, and the command line with it installed: `python -m tests.integration.numbers`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from router.api import (
    Checkpoint,
    ConnectorConfig,
    ConnectorError,
    Emit,
    Position,
    Reason,
    Record,
    Schema,
    Source,
    SourceConnector,
    Stream,
    Window,
)
from router.cli.app import run
from router.config import connectors

STREAM = "numbers"
SCHEMA = Schema({"type": "record", "name": "Number", "fields": [{"name": "number", "type": "long"}]})


class NumbersConfig(ConnectorConfig):
    """What the source does."""

    until: int | None = None
    batch: int = 7
    pause_seconds: float = 0.0
    forward_only: bool = False


class ForwardNumbers:
    """Emits every number once, in order, batch by batch."""

    def __init__(self, config: NumbersConfig) -> None:
        self._config = config

    async def run(self, emit: Emit, checkpoints: Mapping[str, Position]) -> None:
        await self._emit(emit, checkpoints, 0, self._config.until)

    async def _emit(self, emit: Emit, checkpoints: Mapping[str, Position], start: int, end: int | None) -> None:
        number = checkpoints.get(STREAM, {"next": start})["next"]
        while end is None or number < end:
            following = number + self._config.batch if end is None else min(end, number + self._config.batch)
            records = [record(value) for value in range(number, following)]
            await emit(records, checkpoint=Checkpoint(STREAM, {"next": following}))
            number = following
            await asyncio.sleep(self._config.pause_seconds)


class Numbers(ForwardNumbers):
    """The same, and any part of them again."""

    async def backfill(self, emit: Emit, checkpoints: Mapping[str, Position], window: Window) -> None:
        await self._emit(emit, checkpoints, int(window.start or 0), int(window.end or 0))


def record(number: int) -> Record:
    return Record(id=str(number), type="number", subject="all", data={"number": number}, schema=SCHEMA)


@asynccontextmanager
async def open_numbers(config: NumbersConfig, name: str) -> AsyncIterator[Source]:
    yield ForwardNumbers(config) if config.forward_only else Numbers(config)


async def check(config: NumbersConfig) -> None:
    if config.until == 0:
        raise ConnectorError(Reason.TARGET_UNREACHABLE, "There are no numbers.")


async def discover(config: NumbersConfig) -> Sequence[Stream]:
    return (Stream(STREAM, SCHEMA, ("number",), config.until),)


NUMBERS = SourceConnector(
    "numbers", "1.0", "Counts", NumbersConfig, open_numbers, lambda config: (), check, discover, streams_on=False
)


def main() -> int:
    installed = connectors.sources()
    connectors.sources = lambda: {**installed, "numbers": NUMBERS}  # type: ignore[assignment]  # as if installed
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
