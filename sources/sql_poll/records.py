"""How a row becomes a record, with an id that is the same however often it is read."""

import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from router.api import Record, Schema
from sources.sql_poll.clock import Clock
from sources.sql_poll.kinds import text
from sources.sql_poll.origin import Origin
from sources.sql_poll.stream_config import Incrementing, StreamConfig

_MAX_ID_CHARACTERS = 200


class Rows:
    """Makes the records of one stream."""

    def __init__(self, name: str, config: StreamConfig, origin: Origin, schema: Schema, clock: Clock) -> None:
        self._prefix = f"{name}/"
        self._type = config.type or name
        self._fields = origin.fields
        self._schema = schema
        self._clock = clock
        self._key = [origin.number(each) for each in key_of(config, origin)]
        self._moment = None if isinstance(config, Incrementing) else origin.number(config.timestamp_column)

    def record(self, row: Sequence[Any]) -> Record:
        """The record of a row."""
        identity, subject = self._identity(row)
        moment = None if self._moment is None else self._clock.told(row[self._moment])
        # A row that is written again has a new time, and is a new event.
        version = "" if self._moment is None else f"@{text(row[self._moment])}"
        data = {
            field.field: None if value is None else field.kind.convert(value)
            for field, value in zip(self._fields, row, strict=True)
        }
        return Record(f"{self._prefix}{identity}{version}", self._type, data, moment, subject, schema=self._schema)

    def _identity(self, row: Sequence[Any]) -> tuple[str, str | None]:
        """What identifies a row: its key, else all that it has."""
        if not self._key:
            whole = json.dumps([None if value is None else text(value) for value in row])
            return blake2b(whole.encode(), digest_size=16).hexdigest(), None
        parts = [None if row[index] is None else text(row[index]) for index in self._key]
        key = str(parts[0]) if len(parts) == 1 else json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
        return (key if len(key) <= _MAX_ID_CHARACTERS else blake2b(key.encode(), digest_size=16).hexdigest()), key


def key_of(config: StreamConfig, origin: Origin) -> tuple[str, ...]:
    """The columns that identify a row: the configured or primary key, else the number that rows are read by."""
    if origin.key:
        return origin.key
    return () if config.mode == "timestamp" else (config.incrementing_column,)
