"""One stack per home directory: who holds the lease owns the servers; others read what the owner has written."""

import fcntl
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from router.dev.endpoints import Endpoints


@dataclass(frozen=True, slots=True)
class Running:
    """What the owner of a running stack tells others. pid: of the owner."""

    pid: int
    components: frozenset[str]
    endpoints: Endpoints


class Lease:
    """A lock on the home directory, which the kernel releases when its holder dies."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file = home / "run" / "stack.json"
        self._lock: TextIO | None = None

    @property
    def is_held(self) -> bool:
        """Whether we hold it."""
        return self._lock is not None

    def acquire(self) -> bool:
        """Take it, if nobody has it."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        lock = (self._home / "run" / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        self._file.unlink(missing_ok=True)
        return True

    def release(self) -> None:
        """Give it back."""
        if self._lock is not None:
            self._file.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def announce(self, running: Running) -> None:
        """Tell others that the stack runs. The file is for us alone, since a password is in it."""
        written = self._file.with_suffix(".new")
        written.unlink(missing_ok=True)
        written.touch(0o600)
        content = {"pid": running.pid, "components": sorted(running.components), "endpoints": asdict(running.endpoints)}
        written.write_text(json.dumps(content))
        written.replace(self._file)

    def running(self) -> Running | None:
        """What the holder has announced; None as long as it has not."""
        with suppress(FileNotFoundError):
            content = json.loads(self._file.read_text())
            return Running(content["pid"], frozenset(content["components"]), Endpoints(**content["endpoints"]))
        return None
