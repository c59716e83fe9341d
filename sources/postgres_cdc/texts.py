"""The texts in the lines of COPY.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
"""

import re
from collections.abc import Sequence

_NULL = b"\\N"
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def split(lines: bytes) -> Sequence[list[bytes | None]]:
    """The texts of whole lines of COPY."""
    rows: list[list[bytes | None]] = [[*line.split(b"\t")] for line in lines[:-1].split(b"\n")]
    if b"\\" not in lines:
        return rows
    return [[_unescaped(field) if field is not None and b"\\" in field else field for field in row] for row in rows]


def decoded(texts: Sequence[bytes | None]) -> list[str | None]:
    """The texts of a row."""
    return [None if text is None else text.decode() for text in texts]


def _unescaped(field: bytes) -> bytes | None:
    if field == _NULL:
        return None
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), field)
