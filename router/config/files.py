"""A configuration's files, taken together: one mapping, and the file and line of each of its values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.api import Reason
from router.config.faults import ConfigError, Fault, KeyPath, dotted, shown_key
from router.config.yaml import Document, read

SUFFIXES = (".yaml", ".yml")
_MERGED = ("sources", "sinks")


@dataclass(slots=True)
class Configuration:
    """The content of the files, and the faults found in it so far.

    root: the file or directory that was asked for. settled: paths whose fault is known, so that what follows from it
    is not reported again.
    """

    root: Path
    data: dict[str, Any] = field(default_factory=dict)
    places: dict[KeyPath, tuple[Path, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    settled: set[KeyPath] = field(default_factory=set)

    def refuse(
        self, reason: Reason, path: KeyPath, message: str, fix: str | None = None, *, settles: bool = False
    ) -> None:
        """Note a fault at the path, unless it follows from one that is known. settles: later ones follow from it."""
        if any(path[:length] in self.settled for length in range(len(path) + 1)):
            return
        if settles:
            self.settled.add(path)
        file, line = self.place(path)
        fault = Fault(reason, dotted(path), message, fix, file, line)
        if fault not in self.faults:
            self.faults.append(fault)

    def has_settled(self, path: KeyPath) -> bool:
        """Whether a fault at the path or below is known from which others may follow."""
        return any(settled[: len(path)] == path for settled in self.settled)

    def place(self, path: KeyPath) -> tuple[Path, int | None]:
        """Where the path stands, or else the nearest mapping that it should stand in."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return self.root, None

    def error(self) -> ConfigError:
        """The faults, in the order of the files."""
        return ConfigError(sorted(self.faults, key=lambda fault: (str(fault.file), fault.line or 0)))


def gather(root: Path) -> Configuration:
    """Read the file, or every YAML file of the directory. Raises ConfigError if one of them cannot be read at all."""
    configuration = Configuration(root)
    documents = [read(file) for file in _files(root)]
    for document in documents:
        configuration.faults += document.faults
        configuration.settled |= document.refused
    if not all(document.complete for document in documents):
        raise configuration.error()
    for document in documents:
        _merge(configuration, document)
    return configuration


def _files(root: Path) -> Sequence[Path]:
    if root.is_dir():
        files = sorted(file for file in _listed(root) if file.suffix in SUFFIXES and not file.name.startswith("."))
        if not files:
            raise _not_found(root, "The directory has no *.yaml or *.yml file.", "Give the path of the configuration.")
        return files
    if not root.exists():
        raise _not_found(root, "There is no such file or directory.", "Give the path of the configuration.")
    return [root]


def _listed(root: Path) -> list[Path]:
    try:
        return list(root.iterdir())
    except OSError as error:
        raise _not_found(root, "The directory cannot be read.", "Make it readable for this user.") from error


def _not_found(root: Path, message: str, fix: str) -> ConfigError:
    return ConfigError([Fault(Reason.CONFIG_NOT_FOUND, "", message, fix, root)])


def _merge(configuration: Configuration, document: Document) -> None:
    if document.data is None:
        return
    if not isinstance(document.data, dict):
        message = "The file must be a mapping of settings, such as `name: shop`."
        configuration.faults.append(
            Fault(Reason.CONFIG_INVALID, "", message, "Write `key: value` lines.", document.file, 1)
        )
        return
    for key, value in document.data.items():
        together = configuration.data.get(key)
        if key in _MERGED and isinstance(value, dict) and isinstance(together, dict):
            for name, settings in value.items():
                _put(configuration, document, together, (key, name), settings)
        else:
            _put(configuration, document, configuration.data, (key,), value)
    for path, line in document.lines.items():
        configuration.places.setdefault(path, (document.file, line))


def _put(
    configuration: Configuration, document: Document, target: dict[str, Any], path: tuple[str, ...], value: Any
) -> None:
    key = path[-1]
    if key in target:
        first, line = configuration.place(path)
        configuration.faults.append(
            Fault(
                Reason.CONFIG_KEY_DUPLICATE,
                dotted(path),
                f"{shown_key(key)} is given in {document.file} and already in {first}, line {line}.",
                "Keep one of them.",
                document.file,
                document.lines.get(path),
            )
        )
        return
    target[key] = dict(value) if path[0] in _MERGED and len(path) == 1 and isinstance(value, dict) else value
