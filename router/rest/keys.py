"""Dotted keys: a path of settings as one key of a flat map."""

import re

from router.config.faults import KeyPath

_PART = re.compile(r"(?:[^.\\]|\\.)*")
_ESCAPED = re.compile(r"\\(.)")


def flat_key(path: KeyPath) -> str:
    """The path with dots; a dot or backslash that belongs to a name has a backslash before it."""
    return ".".join(str(part).replace("\\", "\\\\").replace(".", "\\.") for part in path)


def split_key(key: str) -> tuple[str, ...]:
    """The parts of a flat key."""
    parts, position = [], 0
    while True:
        match = _PART.match(key, position)
        end = match.end() if match else position
        parts.append(_ESCAPED.sub(r"\1", key[position:end]))
        if end >= len(key):
            return tuple(parts)
        # A lone backslash at the end stands for itself.
        if key[end] == "\\":
            parts[-1] += "\\"
            return tuple(parts)
        position = end + 1
