"""How a change, or a row that was read, becomes a record."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Any

from router.api import Encoded, Record
from sources.postgres_cdc import avro
from sources.postgres_cdc.compiled import NOTHING_UNCHANGED
from sources.postgres_cdc.relation import Relation
from sources.postgres_cdc.texts import decoded

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
        self._head = avro.text(READ.encode()) + avro.NULL + avro.PRESENT
        self._tail = avro.number(start) + avro.number(0) + avro.NULL + avro.EMPTY_COLLECTION * 2
        self._read_at = read_at

    def records(self, rows: Sequence[list[bytes | None]]) -> list[Record]:
        """The records of rows; without a key, each row begins with what identifies it instead."""
        relation, prefix, event_type, read_at = self._relation, self._prefix, self._type, self._read_at
        encode, has_key, head, tail = relation.encode_row, bool(relation.key), self._head, self._tail
        made = []
        for texts in rows:
            identity = None if has_key else texts.pop(0)
            encoded = None if encode is None else encode(texts)
            data: Mapping[str, Any]
            if encoded is None:
                data, key = self._change(texts)
            else:
                row, key = encoded
                data = Encoded(head + row + tail, partial(self._data, texts))
            name = key or ("" if identity is None else identity.decode())
            made.append(Record(prefix + _short(name), event_type, data, read_at, key, None, relation.schema))
        return made

    def _data(self, texts: Sequence[bytes | None]) -> Mapping[str, Any]:
        return self._change(texts)[0]

    def _change(self, texts: Sequence[bytes | None]) -> tuple[Mapping[str, Any], str | None]:
        row, unfit, key = self._relation.read_line(decoded(texts))
        return {
            "op": READ,
            "before": None,
            "after": row,
            "position": self._position,
            "transaction": None,
            "unchanged": NOTHING_UNCHANGED,
            "texts": unfit,
        }, key


def _short(identity: str) -> str:
    if len(identity) <= _MAX_KEY_CHARACTERS:
        return identity
    return blake2b(identity.encode(), digest_size=16).hexdigest()
