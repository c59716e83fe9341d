"""How a change, or a row that was read, becomes a record."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from router.api import Record
from sources.postgres_cdc.compiled import NOTHING_UNCHANGED
from sources.postgres_cdc.relation import Relation

READ, CREATED, UPDATED, DELETED, TRUNCATED = "r", "c", "u", "d", "t"
_WORDS = {READ: "read", CREATED: "inserted", UPDATED: "updated", DELETED: "deleted", TRUNCATED: "truncated"}
_MAX_KEY_CHARACTERS = 200

# Postgres counts microseconds from 2000-01-01.
_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
POSTGRES_EPOCH_MICROSECONDS = 946_684_800_000_000


def moment(postgres_microseconds: int) -> datetime:
    """A time of the replication protocol."""
    return _POSTGRES_EPOCH + timedelta(microseconds=postgres_microseconds)


def type_of(relation: Relation, op: str) -> str:
    """The event's type, such as `public.orders.updated`."""
    return f"{relation.name}.{_WORDS[op]}"


class Reader:
    """Makes records of rows that are read, by a snapshot or a backfill.

    start: the position in the log that the rows are at least as new as; a change behind it wins over them. The ids
    are the same however often a row is read.
    """

    def __init__(self, relation: Relation, slot: str, start: int, read_at: datetime) -> None:
        self._relation = relation
        self._type = type_of(relation, READ)
        self._prefix = f"{slot}/{relation.name}/"
        self._position = {"lsn": start, "index": 0}
        self._read_at = read_at

    def records(self, rows: Sequence[list[str | None]]) -> list[Record]:
        """The records of rows; without a key, each row begins with what identifies it instead."""
        relation, prefix, event_type = self._relation, self._prefix, self._type
        position, read_at, schema = self._position, self._read_at, relation.schema
        read, has_key = relation.read_line, bool(relation.key)
        made = []
        for texts in rows:
            identity = None if has_key else texts.pop(0)
            row, unfit, key = read(texts)
            data = {
                "op": READ,
                "before": None,
                "after": row,
                "position": position,
                "transaction": None,
                "unchanged": NOTHING_UNCHANGED,
                "texts": unfit,
            }
            made.append(Record(prefix + _short(key or identity or ""), event_type, data, read_at, key, None, schema))
        return made


def _short(identity: str) -> str:
    if len(identity) <= _MAX_KEY_CHARACTERS:
        return identity
    return blake2b(identity.encode(), digest_size=16).hexdigest()
