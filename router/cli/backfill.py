"""`router backfill`: read a part of a source's past again."""

import asyncio
from pathlib import Path
from typing import Annotated, Self

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from router.api import Window
from router.cli.console import err, out
from router.cli.source import fetching_source
from router.config.environment import environment
from router.config.load import Loaded, load
from router.config.secrets import SecretStore
from router.envelope.registry import Registry
from router.fetching.backfill import Backfill
from router.fetching.observer import Emission
from router.fetching.settings import TaskSettings
from router.kafka.topics import Topics
from router.observability.logs import configure
from router.runtime.secrets import Secrets
from router.runtime.signals import stop_on_signals
from router.runtime.topics import ensure, fetching_topics

_PLAIN_EVERY_RECORDS = 10_000


def backfill(
    path: Annotated[
        Path, typer.Argument(help="The configuration: a YAML file, or a directory of them.", metavar="PATH")
    ],
    name: Annotated[str, typer.Argument(help="The source, as it is named in the configuration.", metavar="NAME")],
    start: Annotated[
        str | None,
        typer.Option("--from", help="Where the window begins, in the source's words; default: the beginning."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Where it ends, itself excluded; default: what is there now.")
    ] = None,
) -> None:
    """Read a part of a source's past again. Interrupted, the same command goes on; the running source is left alone."""
    settings = environment()
    configure(settings.log_level, settings.log_format)
    store = SecretStore(settings)
    loaded = load(path, resolve=store.resolve)
    fetching_source(loaded, name)
    if not asyncio.run(_with_secrets(loaded, Secrets(loaded, store), name, Window(start, end))):
        out.print("Interrupted. Give the same command again to go on.")
        raise typer.Exit(130)


async def _with_secrets(loaded: Loaded, secrets: Secrets, name: str, window: Window) -> bool:
    stop = stop_on_signals()
    async with secrets.available():
        return await _backfill(loaded, name, window, stop)


async def _backfill(loaded: Loaded, name: str, window: Window, stop: asyncio.Event) -> bool:
    """Whether it came to its end before it was told to stop."""
    pipeline, source = loaded.pipeline, loaded.sources[name]
    await ensure(Topics(pipeline.kafka.bootstrap_servers), fetching_topics(pipeline, {name: source.settings}), stop)
    settings = TaskSettings.of(pipeline, name, source.settings)
    with Registry(pipeline.kafka.registry_url) as registry, _Count(name) as count:
        job = Backfill(settings, source.connector, source.config, registry, window, count.committed)
        running = asyncio.create_task(job.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not running.done():
            running.cancel()
            await asyncio.wait({running})
            return False
        is_resumed = await running
    went_on = ", going on with an earlier run" if is_resumed else ""
    out.print(f"{count.records:,} records of {name} read again{went_on}.{count.refused}")
    return True


class _Count:
    """Counts and shows; without a terminal, a line now and then instead of a bar."""

    def __init__(self, name: str) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=err, disable=not err.is_terminal)
        self._bar = self._progress.add_task(f"Backfill of {name}", total=None)
        self._name = name
        self._shown = 0
        self.records = 0
        self.dead = 0
        self.filtered = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @property
    def refused(self) -> str:
        """What else became of records, if anything."""
        dead = f" {self.dead:,} could not be encoded and are dead letters." if self.dead else ""
        filtered = f" {self.filtered:,} were dropped by a route." if self.filtered else ""
        return dead + filtered

    def committed(self, emission: Emission) -> None:
        """So many records more are durable."""
        self.records += sum(emission.published.values()) + len(emission.dead) + emission.filtered
        self.dead += len(emission.dead)
        self.filtered += emission.filtered
        told = f"Backfill of {self._name}: {self.records:,} records"
        self._progress.update(self._bar, description=told)
        if not err.is_terminal and self.records - self._shown >= _PLAIN_EVERY_RECORDS:
            self._shown = self.records
            err.print(told)
