"""Decodes the messages of pgoutput into records, transaction by transaction.

https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from router.api import Record
from sources.postgres_cdc.compiled import NO_TEXTS, NOTHING_UNCHANGED, Row, Texts, Unchanged
from sources.postgres_cdc.records import (
    CREATED,
    DELETED,
    POSTGRES_EPOCH_MICROSECONDS,
    TRUNCATED,
    UPDATED,
    moment,
    type_of,
)
from sources.postgres_cdc.relation import Relation

# The first byte of each message, and those of the tuples in it.
_DATA = ord("w")
_BEGIN, _COMMIT, _RELATION, _INSERT, _UPDATE, _DELETE, _TRUNCATE, _MESSAGE = b"BCRIUDTM"
_NEW = ord("N")

# A message begins with 25 bytes of the replication protocol: kind, position, end of the log, time.
_PAYLOAD = 25
_BODY = _PAYLOAD + 1
_RELATION_END = _BODY + 4
_FIRST_COLUMN = _RELATION_END + 3
"""After the relation's id come the tuple's kind and the number of its columns."""
_COLUMN_COUNT = 3

_BEGIN_BODY = struct.Struct("!QqI").unpack_from
_COMMIT_BODY = struct.Struct("!xQQq").unpack_from
_MESSAGE_BODY = struct.Struct("!?Q").unpack_from
_LOG_END = struct.Struct("!Q").unpack_from
_TRUNCATED_IDS = _BODY + 5

Rows = tuple[Row | None, Row | None, Unchanged]
"""The row before and the row after, and the latter's unchanged fields."""

_new = tuple.__new__
_HEADERS: Mapping[str, str] = MappingProxyType({})

LARGE = 2_000
"""Records of a transaction that are handed on before its end."""


class Kinds(NamedTuple):
    """A relation with the types of its events."""

    relation: Relation
    inserted: str
    updated: str
    deleted: str
    truncated: str

    @classmethod
    def of(cls, relation: Relation) -> "Kinds":
        """Of a relation."""
        return cls(relation, *[type_of(relation, op) for op in (CREATED, UPDATED, DELETED, TRUNCATED)])


class Missing(NamedTuple):
    """A record whose key has changed, and whose unchanged values are therefore found nowhere but in the table."""

    number: int
    relation: Relation
    key: str
    unchanged: Unchanged


class Changes:
    """The state of decoding.

    lsn, index: the last change; those up to the position that it starts with are left out. relations: by the four
    bytes of their id; None: not selected. durable: the position in the log up to which all changes are in `ready`.
    ready: records that may go. asks_reply: the server wants to hear from us. missing: for `complete`.
    """

    def __init__(self, lsn: int, index: int) -> None:
        self.relations: dict[bytes, Kinds | None] = {}
        self.ready: list[Record] = []
        self.ready_position = (lsn, index)
        self.durable = 0
        self.asks_reply = False
        self.missing: list[Missing] = []
        self._after = (lsn, index)
        self._opened: list[Record] = []
        self._lsn = 0
        self._index = 0
        self._skips = False
        self._prefix = ""
        self._transaction: dict[str, int] = {}
        self._time: datetime | None = None
        self._in_transaction = False
        # Others, such as the names of types, are left out.
        self._handlers: dict[int, Callable[[bytes], None]] = {
            _BEGIN: self._begin,
            _COMMIT: self._commit,
            _INSERT: self._insert,
            _UPDATE: self._update,
            _DELETE: self._delete,
            _TRUNCATE: self._truncate,
            _MESSAGE: self._message,
        }

    def feed(self, messages: Sequence[bytes], start: int) -> int:
        """Decode from a message on; returns the index of one that needs the catalogue, else how many there are."""
        handlers = self._handlers
        for number in range(start, len(messages)):
            message = messages[number]
            if message[0] != _DATA:
                self._keepalive(message)
                continue
            kind = message[_PAYLOAD]
            handle = handlers.get(kind)
            if handle is not None:
                handle(message)
                if self.missing:
                    return number
            elif kind == _RELATION:
                return number
        return len(messages)

    def hand_on(self) -> None:
        """Let the changes of a large transaction go before its end."""
        if len(self._opened) >= LARGE:
            self._move()

    def complete(self, missing: Missing, values: Row, texts: Texts) -> None:
        """Give a record the values that were missing."""
        record = self._opened[missing.number]
        data = dict(record.data) if isinstance(record.data, dict) else {}
        data |= {
            "after": {**data["after"], **values},
            "unchanged": NOTHING_UNCHANGED,
            "texts": {**data["texts"], **texts},
        }
        self._opened[missing.number] = record._replace(data=data)

    def _begin(self, message: bytes) -> None:
        lsn, time, transaction_id = _BEGIN_BODY(message, _BODY)
        self._in_transaction = True
        self._lsn, self._index = lsn, 0
        self._skips = lsn <= self._after[0]
        self._prefix = f"{lsn:X}-"
        self._time = moment(time)
        self._transaction = {"id": transaction_id, "time": time + POSTGRES_EPOCH_MICROSECONDS}

    def _commit(self, message: bytes) -> None:
        _, end, _ = _COMMIT_BODY(message, _BODY)
        self._in_transaction = False
        if self._opened:
            self._move()
        self.durable = end

    def _insert(self, message: bytes) -> None:
        kinds = self.relations[message[_BODY:_RELATION_END]]
        self._index += 1
        if kinds is None or (self._skips and self._is_known()):
            return
        relation = kinds.relation
        row, _, texts, key, _ = relation.read_tuple(message, _FIRST_COLUMN)
        self._add(kinds.inserted, CREATED, (None, row, NOTHING_UNCHANGED), texts, key, relation)

    def _delete(self, message: bytes) -> None:
        kinds = self.relations[message[_BODY:_RELATION_END]]
        self._index += 1
        if kinds is None or (self._skips and self._is_known()):
            return
        relation = kinds.relation
        row, _, texts, key, _ = relation.read_tuple(message, _FIRST_COLUMN)
        self._add(kinds.deleted, DELETED, (row, None, NOTHING_UNCHANGED), texts, key, relation)

    def _update(self, message: bytes) -> None:
        kinds = self.relations[message[_BODY:_RELATION_END]]
        # A change of a key has two numbers, whether it is one or not: so the numbers do not depend on the key.
        self._index += 2
        if kinds is None or (self._skips and self._is_known()):
            return
        relation = kinds.relation
        if message[_RELATION_END] == _NEW:
            row, unchanged, texts, key, _ = relation.read_tuple(message, _FIRST_COLUMN)
            self._add(kinds.updated, UPDATED, (None, row, unchanged), texts, key, relation)
            return
        old, _, old_texts, old_key, at = relation.read_tuple(message, _FIRST_COLUMN)
        row, unchanged, texts, key, _ = relation.read_tuple(message, at + _COLUMN_COUNT)
        if unchanged:
            texts = {**texts, **{field: old_texts[field] for field in unchanged if field in old_texts}}
            known = {field: old[field] for field in unchanged if old[field] is not None or field in old_texts}
            row |= known
            if not known.keys().isdisjoint(relation.key):
                key = old_key
            unchanged = [field for field in unchanged if field not in known]
        if key == old_key:
            self._add(kinds.updated, UPDATED, (old, row, unchanged), texts, key, relation)
            return
        self._index -= 1
        self._add(kinds.deleted, DELETED, (old, None, NOTHING_UNCHANGED), old_texts, old_key, relation)
        self._index += 1
        self._add(kinds.inserted, CREATED, (None, row, unchanged), texts, key, relation)
        if unchanged and key is not None:
            self.missing.append(Missing(len(self._opened) - 1, relation, key, unchanged))

    def _truncate(self, message: bytes) -> None:
        for at in range(_TRUNCATED_IDS, len(message), 4):
            kinds = self.relations.get(message[at : at + 4])
            self._index += 1
            if kinds is not None and not (self._skips and self._is_known()):
                relation = kinds.relation
                self._add(kinds.truncated, TRUNCATED, (None, None, NOTHING_UNCHANGED), NO_TEXTS, None, relation)

    def _message(self, message: bytes) -> None:
        """A heartbeat: it comes when all that was committed before it has come."""
        if not self._in_transaction:
            self.durable = _MESSAGE_BODY(message, _BODY)[1]

    def _keepalive(self, message: bytes) -> None:
        self.asks_reply = self.asks_reply or message[-1] == 1
        if not self._in_transaction:
            self.durable = max(self.durable, _LOG_END(message, 1)[0])

    def _add(self, event_type: str, op: str, rows: Rows, texts: Texts, key: str | None, relation: Relation) -> None:
        before, after, unchanged = rows
        index = self._index
        data = {
            "op": op,
            "before": before,
            "after": after,
            "position": {"lsn": self._lsn, "index": index},
            "transaction": self._transaction,
            "unchanged": unchanged,
            "texts": texts,
        }
        # A quarter faster than calling Record.
        self._opened.append(
            _new(
                Record,
                (
                    f"{self._prefix}{index}",
                    event_type,
                    data,
                    self._time,
                    key,
                    None,
                    relation.schema,
                    None,
                    _HEADERS,
                    None,
                    None,
                    None,
                ),
            )
        )

    def _is_known(self) -> bool:
        """Whether the change was emitted before the checkpoint that we start from."""
        return (self._lsn, self._index) <= self._after

    def _move(self) -> None:
        self.ready += self._opened
        self._opened = []
        self.ready_position = (self._lsn, self._index)
