"""The messages of the replication protocol, written by hand."""

import struct
from collections.abc import Sequence

from sources.postgres_cdc.changes import Changes, Kinds
from sources.postgres_cdc.kinds import PgType
from sources.postgres_cdc.relation import Relation, Shape

INT, TEXT = PgType(23, -1, "integer", "integer"), PgType(25, -1, "text", "text")
TABLE = Relation.of(Shape("public", "t", (("id", INT), ("a", TEXT)), ("id",)))
TABLE_ID = 7
UNCHANGED = object()

Values = Sequence[object]


def changes(lsn: int = 0, index: int = 0) -> Changes:
    """A decoder that knows the table."""
    made = Changes(lsn, index)
    made.relations[struct.pack("!I", TABLE_ID)] = Kinds.of(TABLE)
    return made


def data(payload: bytes) -> bytes:
    """A message of the log."""
    return b"w" + struct.pack("!QQq", 0, 0, 0) + payload


def keepalive(end: int, *, asks: bool = False) -> bytes:
    """A message that tells the end of the log."""
    return b"k" + struct.pack("!Qq?", end, 0, asks)


def begin(lsn: int) -> bytes:
    return data(b"B" + struct.pack("!QqI", lsn, 0, 100))


def commit(lsn: int, end: int) -> bytes:
    return data(b"C" + struct.pack("!BQQq", 0, lsn, end, 0))


def insert(*values: object) -> bytes:
    return data(b"I" + struct.pack("!I", TABLE_ID) + _tuple(b"N", values))


def update(new: Values, old: Values | None = None, kind: bytes = b"K") -> bytes:
    before = b"" if old is None else _tuple(kind, old)
    return data(b"U" + struct.pack("!I", TABLE_ID) + before + _tuple(b"N", new))


def delete(*values: object) -> bytes:
    return data(b"D" + struct.pack("!I", TABLE_ID) + _tuple(b"K", values))


def truncate(*tables: int) -> bytes:
    return data(b"T" + struct.pack("!IB", len(tables), 0) + b"".join([struct.pack("!I", table) for table in tables]))


def relation() -> bytes:
    return data(b"R" + struct.pack("!I", TABLE_ID))


def heartbeat(lsn: int) -> bytes:
    return data(b"M" + struct.pack("!BQ", 0, lsn) + b"connectors\0" + struct.pack("!I", 0))


def _tuple(kind: bytes, values: Values) -> bytes:
    return kind + struct.pack("!H", len(values)) + b"".join([_column(value) for value in values])


def _column(value: object) -> bytes:
    if value is None:
        return b"n"
    if value is UNCHANGED:
        return b"u"
    text = str(value).encode()
    return b"t" + struct.pack("!I", len(text)) + text
