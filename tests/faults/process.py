"""A role of the product as a child process, to be killed and started again."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.faults.promise import BrokenPromiseError

_STOP_SECONDS = 20
_TAIL_LINES = 15


class Process:
    """`router ROLE CONFIG`. Its output goes to the log, one after the other for all its lives."""

    def __init__(self, role: str, config: Path, environment: Mapping[str, str], log: Path) -> None:
        self._command = [sys.executable, "-m", "router", role, str(config)]
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns at once."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  the command is ours
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=self._environment
            )

    def kill(self) -> None:
        """End it at once (SIGKILL). Raises BrokenPromiseError if it has ended before."""
        self.check()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Let it end in good order (SIGTERM). Raises BrokenPromiseError if it does not, or ended before."""
        self.check()
        if self._process is not None:
            self._process.terminate()
            try:
                status = self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                raise self._failure("did not stop when asked to") from None
            if status:
                raise self._failure(f"stopped with status {status}")
            self._process = None

    def abandon(self) -> None:
        """Make sure that nothing of it is left, whatever happened."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def check(self) -> None:
        """Raise BrokenPromiseError if it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise self._failure(f"ended by itself with status {self._process.returncode}")

    def signal(self, number: int) -> None:
        """Send a signal."""
        self.check()
        if self._process is not None:
            self._process.send_signal(number)

    def children(self) -> list[int]:
        """The ids of the processes that it has started, the oldest first (Linux)."""
        self.check()
        if self._process is None:
            return []
        pid = self._process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    @property
    def resident_bytes(self) -> int:
        """The memory that it occupies; 0 if it does not run."""
        if self._process is None or self._process.poll() is not None:
            return 0
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _failure(self, what: str) -> BrokenPromiseError:
        lines = self._log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return BrokenPromiseError("\n".join([f"`router {self._command[3]}` {what}; its log ends with:", *lines]))
