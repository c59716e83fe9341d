"""The files that the stack is made of, each pinned to its content in artifacts.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

PINS_FILE = Path(__file__).with_name("artifacts.toml")


@dataclass(frozen=True, slots=True)
class Pin:
    """One file of the Maven repository. coordinate: group:artifact:version[:classifier:packaging]."""

    coordinate: str
    size_bytes: int
    sha256: str

    @property
    def parts(self) -> tuple[str, str, str, str, str]:
        """Group, artifact, version, classifier (may be empty) and packaging."""
        group, artifact, version, *rest = self.coordinate.split(":")
        classifier, packaging = rest or ("", "jar")
        return group, artifact, version, classifier, packaging

    @property
    def path(self) -> PurePosixPath:
        """Where the file is, in the repository and in the cache alike."""
        group, artifact, version, classifier, packaging = self.parts
        suffix = f"-{classifier}" if classifier else ""
        return PurePosixPath(*group.split("."), artifact, version, f"{artifact}-{version}{suffix}.{packaging}")


@dataclass(frozen=True, slots=True)
class Distribution:
    """All files of one component. title: its name and version, for people."""

    title: str
    files: tuple[Pin, ...]


@cache
def distribution(component: str) -> Distribution:
    """What the component is made of."""
    entry = tomllib.loads(PINS_FILE.read_text())[component]
    return Distribution(entry["title"], tuple(Pin(**pin) for pin in entry["files"]))
