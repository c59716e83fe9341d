"""Directories: each process of the ingress has one of its own, and adopts what dead ones have left."""

import fcntl
import os
from pathlib import Path

from router.api import ConnectorError, Reason
from router.ingress.spool.segment import segment_numbers, segment_path, sync_directory

_LOCK = "lock"


class SpoolDirectory:
    """A locked directory. The lock ends with the process, however it ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def close(self) -> None:
        """Let another process have it."""
        os.close(self._descriptor)


def claim(root: Path, processes: int) -> SpoolDirectory:
    """The first of the numbered directories that no living process has; with what is left in higher ones.

    Raises ConnectorError: SPOOL_UNAVAILABLE.
    """
    try:
        for number in range(processes):
            mine = _lock(root / str(number))
            if mine is not None:
                _adopt(root, processes, mine.path)
                return mine
    except OSError as error:
        message = f"The spool's directory cannot be used ({error.strerror})."
        fix = "Make `ingress.spool.directory` a directory that this user may write to, on a disk that is not full."
        raise ConnectorError(Reason.SPOOL_UNAVAILABLE, message, fix=fix) from error
    message = f"Other processes have all {processes} directories of the spool."
    fix = "Give each ingress an `ingress.spool.directory` of its own."
    raise ConnectorError(Reason.SPOOL_UNAVAILABLE, message, fix=fix)


def _lock(path: Path) -> SpoolDirectory | None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    sync_directory(path.parent)
    descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return SpoolDirectory(path, descriptor)


def _adopt(root: Path, processes: int, mine: Path) -> None:
    """Move the segments of directories that no process has any more behind those that are here.

    Their marks are not moved: what they had drained of a segment is drained again.
    """
    for other in sorted(path for path in root.iterdir() if path.name.isdecimal() and int(path.name) >= processes):
        left = _lock(other)
        if left is None:
            continue
        for number in segment_numbers(other):
            last = max(segment_numbers(mine), default=0)
            segment_path(other, number).rename(segment_path(mine, last + 1))
        sync_directory(mine)
        sync_directory(other)
        left.close()
