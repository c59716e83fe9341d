"""Checkpoints: a compacted topic of the last position of every stream, and of who may move it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.api import ConnectorError, Position, Reason
from router.config.names import offsets_topic
from router.kafka.blocking import call_blocking
from router.kafka.consumer import Consumed
from router.kafka.log import read_topic
from router.kafka.producer import Message

_OWNER_PARTS = 1
_BACKFILL_PARTS = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose checkpoints: those of a source's runs, or those of one of its backfills."""

    source: str
    backfill: str | None = None

    def key(self, stream: str) -> tuple[str, ...]:
        """The key of a stream's checkpoint."""
        return (self.source, stream) if self.backfill is None else (self.source, stream, self.backfill)


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """All checkpoints of a pipeline as they are at one moment.

    owners: the session that last took each transactional id.
    """

    positions: Mapping[tuple[str, ...], Position] = field(default_factory=dict)
    owners: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, scope: Scope) -> dict[str, Position]:
        """The positions of the scope, by stream."""
        return {key[1]: position for key, position in self.positions.items() if key == scope.key(key[1])}


class CheckpointStore:
    """The topic `<pipeline>.offsets`."""

    def __init__(self, bootstrap_servers: str, pipeline: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self.topic = offsets_topic(pipeline)

    async def read(self) -> Checkpoints:
        """What is committed, read to the end; waits for transactions that are still open.

        Raises ConnectorError: TARGET_MISSING if there is no such topic, CONFIG_INVALID if it holds what is no
        checkpoint, and what the brokers say.
        """
        return await call_blocking(self._read, "kafka-checkpoints")

    def message(self, scope: Scope, stream: str, position: Position | None) -> Message:
        """The record that moves the stream's checkpoint; None deletes it."""
        return Message(
            self.topic, _json(list(scope.key(stream))), None if position is None else _json(dict(position)), []
        )

    def claim(self, transactional_id: str, session: Mapping[str, Any]) -> Message:
        """The record that says which session owns a transactional id."""
        return Message(self.topic, _json([transactional_id]), _json(dict(session)), [])

    def _read(self) -> Checkpoints:
        return fold(read_topic(self._bootstrap_servers, self.topic, must_exist=True))


def fold(records: Iterable[Consumed]) -> Checkpoints:
    """The last value of each key. Raises ConnectorError (CONFIG_INVALID) if a record is no checkpoint."""
    positions: dict[tuple[str, ...], Position] = {}
    owners: dict[str, Mapping[str, Any]] = {}
    for record in records:
        key = _key(record)
        value = None if record.value is None else _value(record)
        if len(key) == _OWNER_PARTS:
            if value is not None:
                owners[key[0]] = value
        elif value is None:
            positions.pop(key, None)
        else:
            positions[key] = value
    return Checkpoints(positions, owners)


def _key(record: Consumed) -> tuple[str, ...]:
    key = _parsed(record.key, record)
    if not isinstance(key, list) or not _OWNER_PARTS <= len(key) <= _BACKFILL_PARTS:
        raise _no_checkpoint(record)
    return tuple(str(part) for part in key)


def _value(record: Consumed) -> Mapping[str, Any]:
    value = _parsed(record.value, record)
    if not isinstance(value, dict):
        raise _no_checkpoint(record)
    return value


def _parsed(text: bytes | None, record: Consumed) -> Any:
    try:
        return json.loads(text or b"")
    except ValueError as error:
        raise _no_checkpoint(record) from error


def _no_checkpoint(record: Consumed) -> ConnectorError:
    return ConnectorError(
        Reason.CONFIG_INVALID,
        f"The record at offset {record.offset} of {record.topic} is no checkpoint.",
        fix="The topic is the runtime's own: delete the records before the next offset with kafka-delete-records.",
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
