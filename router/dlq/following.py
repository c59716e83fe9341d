"""Bringing an index up to date with its topic: only what is new is read."""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from router.dlq.index import Index
from router.kafka.consumer import Consumed
from router.kafka.identity import topic_id
from router.kafka.log import read_between, topic_bounds

_BATCH = 5_000

Progress = Callable[[int, int], None]
"""Told how much is done, of how much."""


def silent(_done: int, _of: int) -> None:
    """Nobody watches."""


@contextmanager
def open_index(
    bootstrap_servers: str, topic: str, directory: Path | None = None, progress: Progress = silent
) -> Iterator[Index]:
    """The index of a dead-letter topic as the topic is now; empty if there is no such topic.

    directory: where the files of indexes are; None: in memory, read anew. progress is told of records.
    Raises ConnectorError: BROKER_UNAVAILABLE, BROKER_TIMEOUT, PERMISSION_DENIED.
    """
    path = None if directory is None else _path(directory, bootstrap_servers, topic)
    index = Index(path)
    try:
        with _alone(path):
            update(index, bootstrap_servers, topic, progress)
        yield index
    finally:
        index.close()


def update(index: Index, bootstrap_servers: str, topic: str, progress: Progress = silent) -> None:
    """Read what the topic has got since. Raises ConnectorError as `open_index`."""
    bounds = topic_bounds(bootstrap_servers, topic)
    index.forget_before({partition: low for partition, (low, _) in bounds.items()})
    known = index.next_offsets()
    left = {partition: (max(low, known.get(partition, 0)), high) for partition, (low, high) in bounds.items()}
    total = sum(max(0, high - low) for low, high in left.values())
    done = 0
    for batch in _batches(read_between(bootstrap_servers, topic, left)):
        index.add(batch)
        done += len(batch)
        progress(min(done, total), total)
    index.reached({partition: high for partition, (_, high) in left.items()})


def default_directory() -> Path:
    """Where the command line keeps indexes, after the XDG base directory rules."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".cache") / "northfield-con" / "dead-letters"


def _path(directory: Path, bootstrap_servers: str, topic: str) -> Path | None:
    """The file of this incarnation of the topic; readable by this user only, since it holds keys and ids of events."""
    identity = topic_id(bootstrap_servers, topic)
    if identity is None:
        return None
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The client writes ids with the characters of Base64, and one of these separates directories.
    path = directory / f"{topic}-{identity.replace('/', '_')}.sqlite"
    path.touch(mode=0o600)
    return path


@contextmanager
def _alone(path: Path | None) -> Iterator[None]:
    """Of several processes one reads; the others find what it has read."""
    if path is None:
        yield
        return
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _batches(records: Iterable[Consumed]) -> Iterator[list[Consumed]]:
    records = iter(records)
    while batch := list(islice(records, _BATCH)):
        yield batch
