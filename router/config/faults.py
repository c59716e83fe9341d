"""What is wrong with a configuration, where, and what to do about it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from router.api import Reason

KeyPath = tuple[str | int, ...]

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake. No field holds a value of the configuration, since any value may be a secret put in a wrong place.

    path: such as `sources.github.routes[0].when`; empty if the whole file is meant. line: from 1.
    """

    reason: Reason
    path: str
    message: str
    fix: str | None = None
    file: Path | None = None
    line: int | None = None

    @property
    def place(self) -> str:
        """`file:line`, as far as known."""
        if self.file is None:
            return ""
        return f"{self.file}:{self.line}" if self.line else str(self.file)

    def as_dict(self) -> dict[str, Any]:
        """The fault as JSON values."""
        return asdict(self) | {"file": str(self.file) if self.file else None}


class ConfigError(Exception):
    """A configuration that cannot be used, with every fault that was found in it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"the configuration has {len(self.faults)} faults")

    def __str__(self) -> str:
        return "\n".join(
            f"{fault.place}: {fault.reason}: {fault.path}: {fault.message}" + (f" ({fault.fix})" if fault.fix else "")
            for fault in self.faults
        )


def dotted(path: KeyPath) -> str:
    """The path as people write it; a key that is not a plain word is quoted, and escaped for terminals."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + shown_key(part)
    return text


def shown_key(key: str) -> str:
    """The key as it may be shown: short, and without control characters."""
    if key and _BARE.issuperset(key) and len(key) <= 64:  # noqa: PLR2004  no setting's name is longer
        return key
    return '"' + key[:64].encode("unicode_escape").decode() + '"'
