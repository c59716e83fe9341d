"""The values behind secret references: environment variables, files and Vault, which may change while we run."""

import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from router.api import ConnectorError, Reason
from router.api.secret import REFERENCE
from router.config.environment import Environment

MAX_BYTES = 65_536
CHECK_SECONDS = 1.0

_State = tuple[int, int, int]


@dataclass(slots=True)
class _Cached:
    value: str
    state: _State
    checked_at: float


class Remote(Protocol):
    """A store that is elsewhere, and whose values have been read ahead."""

    def resolve(self, reference: str) -> str:
        """The value, without waiting. Raises ConnectorError."""


class SecretStore:
    """Resolves references. A file is looked at once a second at most, and read again when it has changed.

    So that secrets can be rotated without a restart, while the hot path pays for a dictionary only.
    clock: monotonic seconds.
    """

    def __init__(self, environment: Environment, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._environment = environment
        self._clock = clock
        self._files: dict[str, _Cached] = {}
        self._vault: Remote | None = None

    def __repr__(self) -> str:
        return "SecretStore()"

    def attach(self, vault: Remote) -> None:
        """Have references to Vault resolved there. The configuration, which says where it is, must be loaded first."""
        self._vault = vault

    def resolve(self, reference: str) -> str:
        """The value of `${env:NAME}` or `${file:/absolute/path}`, less one newline at the file's end, or of Vault.

        Raises ConnectorError: SECRET_NOT_FOUND if it points at nothing, or at nothing but an empty text;
        SECRET_UNUSABLE if the file is too large or not UTF-8; what the attached Vault raises. The message names the
        reference only.
        """
        match = REFERENCE.fullmatch(reference)
        if match is None:
            raise ConnectorError(Reason.SECRET_NOT_FOUND, "Not a reference to a secret.", fix="Write ${env:NAME}.")
        if match["store"] == "file":
            return self._file(reference, match["name"])
        if match["store"] == "vault":
            if self._vault is None:
                raise _not_found(reference, "is not known to this command", "Add a `vault` section.")
            return self._vault.resolve(reference)
        value = self._environment.variables.get(match["name"], "")
        if not value:
            raise _not_found(reference, "is not set", f"Set the environment variable {match['name']}.")
        return value

    def _file(self, reference: str, name: str) -> str:
        now = self._clock()
        cached = self._files.get(reference)
        if cached is not None and now - cached.checked_at < CHECK_SECONDS:
            return cached.value
        state = _state(reference, name)
        if cached is None or cached.state != state:
            cached = self._files[reference] = _Cached(_content(reference, name), state, now)
        cached.checked_at = now
        return cached.value


def _state(reference: str, name: str) -> _State:
    try:
        found = Path(name).stat()
    except (OSError, ValueError) as error:
        raise _not_found(reference, "cannot be read", "Create the file, readable for this user.") from error
    if not Path(name).is_absolute() or not stat.S_ISREG(found.st_mode):
        raise _not_found(reference, "is not the absolute path of a file", "Write ${file:/absolute/path}.")
    return found.st_ino, found.st_mtime_ns, found.st_size


def _content(reference: str, name: str) -> str:
    try:
        # Non-blocking, in case the file has been replaced by a pipe since it was looked at.
        with os.fdopen(os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _not_found(reference, "cannot be read", "Create the file, readable for this user.") from error
    if len(raw) > MAX_BYTES:
        message = f"{reference} is larger than {MAX_BYTES} bytes."
        raise ConnectorError(Reason.SECRET_UNUSABLE, message, fix="Give the path of a file with the secret alone.")
    value = _text(raw)
    if value is None:
        raise ConnectorError(Reason.SECRET_UNUSABLE, f"{reference} is not UTF-8 text.", fix="Write it as UTF-8.")
    value = value.removesuffix("\r\n" if value.endswith("\r\n") else "\n")
    if not value:
        raise _not_found(reference, "is empty", "Write the secret into the file.")
    return value


def _text(raw: bytes) -> str | None:
    # The error that follows is raised elsewhere: an exception raised here would keep the bytes as its context.
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _not_found(reference: str, problem: str, fix: str) -> ConnectorError:
    return ConnectorError(Reason.SECRET_NOT_FOUND, f"{reference} {problem}.", fix=fix)
