"""The table of positions: how far each partition is written, and which owner may go on."""

from typing import NamedTuple

from psycopg import AsyncConnection, sql

from router.api import TopicPartition
from sinks.postgres.statements import table_identifier

NAME = "sink_positions"

_CREATE = sql.SQL(
    "CREATE TABLE IF NOT EXISTS {} (cluster_id text, topic_id text, partition integer, sink text, "
    "topic text NOT NULL, position bigint, epoch bigint NOT NULL, "
    "PRIMARY KEY (cluster_id, topic_id, partition, sink))"
)
_CLAIM = sql.SQL(
    "INSERT INTO {} AS mine (cluster_id, topic_id, partition, sink, topic, epoch) VALUES (%s, %s, %s, %s, %s, 1) "
    "ON CONFLICT (cluster_id, topic_id, partition, sink) DO UPDATE SET epoch = mine.epoch + 1 "
    "RETURNING position, epoch"
)
_ADVANCE = sql.SQL(
    "UPDATE {} SET position = %s WHERE cluster_id = %s AND topic_id = %s AND partition = %s AND sink = %s "
    "AND epoch = %s AND (position = %s OR position IS NULL)"
)


class Claim(NamedTuple):
    """position: the next offset to write, None if unknown. epoch: grows with every owner."""

    position: int | None
    epoch: int


class Positions:
    """The positions of one sink, in a table beside the one that it writes. moving: the SQL of every `Advance`."""

    def __init__(self, table: str, sink: str) -> None:
        schema, dot, _ = table.rpartition(".")
        self.table = f"{schema}{dot}{NAME}"
        self._sink = sink
        identifier = table_identifier(self.table)
        self.create = _CREATE.format(identifier).as_bytes()
        self._claim = _CLAIM.format(identifier).as_bytes()
        self.moving = _ADVANCE.format(identifier)
        self._advance = self.moving.as_bytes()

    async def claim(self, connection: AsyncConnection, partition: TopicPartition) -> Claim:
        """Become the owner. Waits for a write of the previous one that is under way, and fences all later ones."""
        cursor = await connection.execute(
            self._claim,
            (partition.cluster_id, partition.topic_id, partition.partition, self._sink, partition.topic),
        )
        row = await cursor.fetchone()
        if row is None:
            message = "the claim returned no row"
            raise LookupError(message)
        return Claim(*row)

    def advance(self, partition: TopicPartition, epoch: int, first: int, following: int) -> "Advance":
        """The statement that moves the position from `first` to `following`; it must change exactly one row."""
        return Advance(
            self._advance,
            (following, partition.cluster_id, partition.topic_id, partition.partition, self._sink, epoch, first),
        )


class Advance(NamedTuple):
    """A statement with its parameters."""

    query: bytes
    parameters: tuple[object, ...]
