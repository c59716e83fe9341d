"""The queue of one sink's or source's dead letters, and how commands name it."""

import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from router.api import ConnectorError, Reason
from router.cli.console import err
from router.config.environment import environment
from router.config.load import load
from router.config.loaded import Loaded
from router.config.names import consumer_group, dead_letter_topic, keys_topic, replay_topic
from router.config.secrets import SecretStore
from router.dlq import following
from router.dlq.index import Index

ConfigPath = Annotated[
    Path, typer.Argument(help="The configuration: a YAML file, or a directory of them.", metavar="PATH")
]
OwnerName = Annotated[
    str | None,
    typer.Option("--sink", "--source", help="Whose dead letters; may be left out if there is only one sink."),
]
OutputOption = Annotated[str, typer.Option("--output", help="`table` or `json`.")]
_SHOWN_FROM = 20_000
"""Records: fewer are read before anybody could look at a bar."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The dead letters of one sink or source. replay, keys, group: of a sink; empty for a source.

    parked_from: letters that have been refused so often are parked; None: none are.
    """

    servers: str
    kind: str
    owner: str
    topic: str
    replay: str
    keys: str
    group: str
    parked_from: int | None

    @contextmanager
    def index(self) -> Iterator[Index]:
        """Its index as the topic is now; a bar shows how much of it has been read. Raises ConnectorError."""
        directory = following.default_directory()
        with bar(f"Reading {self.topic}", show_from=_SHOWN_FROM) as progress:
            manager = following.open_index(self.servers, self.topic, directory, progress)
            index = manager.__enter__()
        try:
            yield index
        finally:
            manager.__exit__(None, None, None)


def read(path: Path) -> Loaded:
    """The configuration. Raises ConfigError."""
    return load(path, resolve=SecretStore(environment()).resolve)


def queues(loaded: Loaded) -> list[Queue]:
    """Those of the sinks, then those of the sources that fetch."""
    pipeline = loaded.pipeline
    servers, name = pipeline.kafka.bootstrap_servers, pipeline.name
    found = []
    for sink, settings in pipeline.sinks.items():
        group = consumer_group(name, sink, settings.delivery.group)
        park_after = settings.delivery.dead_letters.park_after
        topics = (dead_letter_topic(name, sink), replay_topic(name, sink), keys_topic(name, sink))
        found.append(Queue(servers, "sink", sink, *topics, group, park_after))
    fetching = [(source, dead_letter_topic(name, source)) for source in loaded.sources]
    return found + [Queue(servers, "source", source, topic, "", "", "", None) for source, topic in fetching]


def queue_of(loaded: Loaded, owner: str | None) -> Queue:
    """The one that is meant. Raises ConnectorError (USAGE)."""
    every = queues(loaded)
    sinks = [queue for queue in every if queue.kind == "sink"]
    found = sinks if owner is None else [queue for queue in every if queue.owner == owner]
    if len(found) == 1:
        return found[0]
    known = ", ".join([queue.owner for queue in every]) or "none"
    message = "Whose dead letters?" if owner is None else f"The configuration has no sink or source {owner!r}."
    raise ConnectorError(Reason.USAGE, message, fix=f"Give --sink or --source with one of: {known}.")


def sink_queue(loaded: Loaded, owner: str | None) -> Queue:
    """The one that is meant, of a sink. Raises ConnectorError (USAGE)."""
    queue = queue_of(loaded, owner)
    if queue.kind == "source":
        message = f"{queue.owner} is a source: its records were refused before they were in any topic."
        raise ConnectorError(Reason.USAGE, message, fix="Mend the cause, then fetch them again: router backfill.")
    return queue


def is_json(output: str) -> bool:
    """Whether JSON is asked for. Raises ConnectorError (USAGE) for what is neither `table` nor `json`."""
    if output not in ("table", "json"):
        raise ConnectorError(Reason.USAGE, f"--output {output!r} is not known.", fix="Use table or json.")
    return output == "json"


def who() -> str:
    """Who gives the command, as the audit names them."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # a container's user need not have a name
        return f"unknown@{socket.gethostname()}"


@contextmanager
def bar(title: str, *, show_from: int = 0) -> Iterator[following.Progress]:
    """A progress bar on stderr, shown once it is known that there is so much to do."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as shown:
        task = shown.add_task(title, total=None, visible=False)

        def progress(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, visible=total >= show_from)

        yield progress
