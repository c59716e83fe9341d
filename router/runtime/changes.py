"""A configuration that changes while a role runs: seen by its files, or told by SIGHUP."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from router.config.files import SUFFIXES
from router.config.load import Loaded

Load = Callable[[], Awaitable[Loaded]]
"""Reads the configuration again. Raises ConfigError, ConnectorError."""


class Changes:
    """What has become of the files since the last look.

    paths: the file, or the directory of YAML files. load: reads them again.
    """

    def __init__(self, path: Path, load: Load) -> None:
        self._path = path
        self.load = load
        self._seen = tuple(self._states())
        self._asked = False

    def listen(self) -> None:
        """Take SIGHUP for a change, too."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._ask)

    def has_come(self) -> bool:
        """Whether something has changed since this was asked for the last time."""
        states = tuple(self._states())
        changed = self._asked or states != self._seen
        self._seen, self._asked = states, False
        return changed

    def again(self) -> None:
        """Let the same change come once more: what it needs is away."""
        self._asked = True

    def _ask(self) -> None:
        self._asked = True

    def _states(self) -> Iterator[tuple[str, int, int, int]]:
        try:
            files = sorted(self._path.iterdir()) if self._path.is_dir() else [self._path]
        except OSError:
            return
        for file in files:
            if file == self._path or file.suffix in SUFFIXES:
                try:
                    state = file.stat()
                except OSError:
                    continue
                yield str(file), state.st_ino, state.st_mtime_ns, state.st_size
