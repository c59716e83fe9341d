"""Where the stack keeps its state and its downloads, after the XDG base directory rules."""

import os
from pathlib import Path

_APPLICATION = "northfield-con"


def default_home() -> Path:
    """The directory of the stack's state: topics, schemas, tables, logs."""
    return _base("XDG_DATA_HOME", ".local/share") / _APPLICATION / "dev"


def default_cache() -> Path:
    """The directory of downloads, shared by all stacks of this user."""
    return _base("XDG_CACHE_HOME", ".cache") / _APPLICATION / "stack"


def _base(variable: str, fallback: str) -> Path:
    # The rules say that a relative path in these variables is to be ignored.
    named = Path(os.environ.get(variable, ""))
    return named if named.is_absolute() else Path.home() / fallback
