"""One server of the stack as a child process: started, awaited, stopped, killed, started again."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from router.api.errors import ConnectorError
from router.api.reasons import Reason
from router.dev.guard import Guard

_READY_SECONDS = 180
_STOP_SECONDS = 15
_STRAY_SECONDS = 5
_LOOK_SECONDS = 0.05
_TAIL_LINES = 20


@dataclass(frozen=True, slots=True)
class Account:
    """The ids of the user and the group that a process runs as."""

    user: int
    group: int


def run_as(account: Account | None) -> dict[str, Any]:
    """The arguments of `subprocess` for a process of that account; None: ours."""
    return {"user": account.user, "group": account.group, "extra_groups": []} if account else {}


@dataclass(frozen=True, slots=True)
class Launch:
    """How a server's process is started. account: whom it runs as, if not us."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM


class Recipe(Protocol):
    """What is particular to a kind of server."""

    @property
    def name(self) -> str:
        """The name that the user knows it by."""

    @property
    def ports(self) -> Mapping[str, int]:
        """The ports it listens on, by the name that the user knows them by."""

    def prepare(self) -> Launch:
        """Make its state and its configuration, if they are not there yet."""

    def is_ready(self) -> bool:
        """Whether it does its work now: one question to the server, answered within seconds."""


class Server:
    """A server and its process. Its log is `<logs>/<name>.log`; that of the start before is `<name>.log.1`."""

    def __init__(self, recipe: Recipe, home: Path, ended: threading.Event) -> None:
        self._recipe = recipe
        self._ended = ended
        self._guard: Guard | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stop_signal = signal.SIGTERM
        self._pid_file = home / "run" / f"{recipe.name}.pid"
        self.log = home / "logs" / f"{recipe.name}.log"

    @property
    def name(self) -> str:
        """The name that the user knows it by."""
        return self._recipe.name

    @property
    def ports(self) -> Mapping[str, int]:
        """The ports it listens on, by name."""
        return self._recipe.ports

    @property
    def pid(self) -> int | None:
        """The id of its process; None if it does not run."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def guarded_by(self, guard: Guard) -> None:
        """From now on its processes join the guard's group."""
        self._guard = guard

    def start(self) -> None:
        """Start it with the state it has, and return when it works. Does nothing if it runs.

        Raises ConnectorError: STACK_COMPONENT_FAILED, with the end of its log.
        """
        if self.pid is None:
            self._spawn(self._recipe.prepare())
        self._await_ready()

    def stop(self) -> None:
        """Let it end in good order; kill it if that takes too long. Does nothing if it does not run."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._forget()

    def kill(self) -> None:
        """End it at once, as a power failure of the process would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._forget()

    def reap_stray(self) -> None:
        """End what is left of this server from a stack whose process has died; its guard does it, a moment later."""
        stray = _Stray.read(self._pid_file)
        deadline = time.monotonic() + _STRAY_SECONDS
        while stray and stray.is_alive():
            if time.monotonic() > deadline:
                os.kill(stray.pid, signal.SIGKILL)
            time.sleep(_LOOK_SECONDS)
        self._pid_file.unlink(missing_ok=True)

    def failure(self, what: str) -> ConnectorError:
        """An error about this server, with the end of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        tail = "\n".join(["", *lines[-_TAIL_LINES:], ""]) if lines else ""
        return ConnectorError(Reason.STACK_COMPONENT_FAILED, f"{self.name} {what}{tail}", fix=f"see {self.log}")

    def _spawn(self, launch: Launch) -> None:
        group = self._guard.group if self._guard else None
        for directory in (self.log.parent, self._pid_file.parent):
            directory.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 # the command is ours
                launch.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **launch.environment},
                cwd="/",
                process_group=group,
                **run_as(launch.account),
            )
        self._stop_signal = launch.stop_signal
        self._pid_file.write_text(f"{self._process.pid} {os.getpgid(self._process.pid)}")

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._recipe.is_ready():
            if self.pid is None:
                raise self.failure("ended while it was being started")
            if time.monotonic() > deadline:
                raise self.failure(f"was not ready after {_READY_SECONDS} s")
            if self._ended.wait(_LOOK_SECONDS):
                raise ConnectorError(Reason.SHUTDOWN, f"{self.name} is no longer wanted")

    def _forget(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None
        self._pid_file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Stray:
    """A process of an earlier stack. Its group tells it from another program that has been given the same id."""

    pid: int
    group: int

    @classmethod
    def read(cls, path: Path) -> "_Stray | None":
        words = path.read_text().split() if path.exists() else []
        return cls(int(words[0]), int(words[1])) if len(words) == 2 else None  # noqa: PLR2004 # pid and group

    def is_alive(self) -> bool:
        try:
            return os.getpgid(self.pid) == self.group
        except ProcessLookupError:
            return False
