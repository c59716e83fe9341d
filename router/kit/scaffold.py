"""A new connector's package, made of a template."""

import re
from enum import StrEnum
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from router.api import ConnectorError, Reason

_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_MAX_CHARACTERS = 40
_TOKEN = re.compile(r"\{\{(\w+)\}\}")
_SUFFIX = ".tmpl"
_HIDDEN = {"gitignore": ".gitignore"}


class Kind(StrEnum):
    """What a template makes."""

    SINK = "sink"
    SOURCE = "source"


def write_package(name: str, kind: Kind, parent: Path) -> Path:
    """Write the package into a new directory below `parent`, and return that.

    Raises ConnectorError (USAGE) if the name cannot be one, or if the directory is there already.
    """
    if not _NAME.fullmatch(name) or len(name) > _MAX_CHARACTERS:
        message = f"{name!r} cannot be a connector's name: lower-case letters, digits and underscores, a letter first."
        raise ConnectorError(Reason.USAGE, message, fix="Such as `csv_file`.")
    tokens = _tokens(name, kind)
    target = parent / tokens["distribution"]
    if target.exists():
        raise ConnectorError(Reason.USAGE, f"{target} exists already.", fix="Remove it, or choose another name.")
    try:
        for parts, template in _templates(files("router.kit").joinpath("templates", kind)):
            file = target.joinpath(*_place(parts, tokens["module"]))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_rendered(template.read_text(), tokens))
        (target / "src" / tokens["module"] / "py.typed").touch()
    except OSError as error:
        message = f"{target} cannot be written: {error.strerror}."
        raise ConnectorError(Reason.USAGE, message, fix="Choose another --directory.") from error
    return target


def _tokens(name: str, kind: Kind) -> dict[str, str]:
    words = re.split(r"[_-]", name)
    return {
        "name": "_".join(words),
        "dashed": "-".join(words),
        "module": "_".join([*words, kind]),
        "distribution": "-".join([*words, kind]),
        "Class": "".join(word.capitalize() for word in words),
        "version": version("northfield-con"),
    }


def _templates(directory: Traversable, parts: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Traversable]]:
    """The files below the directory, each with its path."""
    found = []
    for entry in directory.iterdir():
        path = (*parts, entry.name)
        found += _templates(entry, path) if entry.is_dir() else [(path, entry)]
    return found


def _place(parts: tuple[str, ...], module: str) -> tuple[str, ...]:
    """Where the file of a template goes; `src` holds the module's files."""
    *directories, last = parts
    last = last.removesuffix(_SUFFIX)
    inner = ["src", module] if directories == ["src"] else directories
    return (*inner, _HIDDEN.get(last, last))


def _rendered(text: str, tokens: dict[str, str]) -> str:
    return _TOKEN.sub(lambda match: tokens[match[1]], text)
