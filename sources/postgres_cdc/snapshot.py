"""Reads the rows of a table in the order of its key, so that an interrupted reading can go on.

Why no row is lost and none comes back, though a reading that goes on sees a later state than the first did: the slot
was there before anything was read. Whatever was committed since its start comes from the slot, after all rows that were
read, and in order. So a row that a later reading sees too new is changed to what it is once more; one that was deleted
before it was read is created and deleted, or only deleted, by the changes; one that has moved behind or before the key
that the reading has reached has a change that says so.
"""

from datetime import UTC, datetime

from psycopg import AsyncConnection

from router.api import Emit, Position
from sources.postgres_cdc import lsn
from sources.postgres_cdc.catalog import Catalog, Table
from sources.postgres_cdc.outbox import Outbox, Parcel
from sources.postgres_cdc.records import Reader
from sources.postgres_cdc.relation import Relations
from sources.postgres_cdc.select import Key, Part, parse_key, rows_query
from sources.postgres_cdc.texts import split
from sources.postgres_cdc.wire import Wire

_ROWS = 1_000


class Snapshot:
    """Reads tables through a connection. start: the position in the log that the rows are at least as new as."""

    def __init__(self, connection: AsyncConnection, relations: Relations, slot: str, start: int) -> None:
        self._connection = connection
        self._relations = relations
        self._slot = slot
        self._start = start

    async def read(self, table: Table, emit: Emit, stream: str, done: Position | None, part: Part) -> None:
        """Emit the part of the table that is not done yet, with checkpoints. Raises ConnectorError, psycopg.Error."""
        if done is not None and done["done"]:
            return
        columns = await Catalog(self._connection).columns(table)
        relation = self._relations.get(table.schema, table.name, columns, table.key)
        rest = part._replace(after=None if done is None else done["after"])
        reader = Reader(relation, self._slot, self._start, await self._now())
        outbox = Outbox(emit, stream, lambda _: None)
        query = rows_query(table, relation, rest)
        await outbox.run(lambda: self._read(query, reader, outbox, rest.after))

    async def _read(self, query: bytes, reader: Reader, outbox: Outbox, after: Key | None) -> None:
        wire = Wire(self._connection)
        await wire.start(query)
        while messages := await wire.messages(_ROWS):
            lines = b"".join(messages)
            records = reader.records(split(lines))
            subject = records[-1].subject
            after = None if subject is None else parse_key(subject)
            await outbox.put(Parcel(records, self._position(after, done=False), len(lines), 0))
        await outbox.put(Parcel([], self._position(after, done=True), 0, 0))

    def _position(self, after: Key | None, *, done: bool) -> Position:
        return {"lsn": lsn.show(self._start), "after": after, "done": done}

    async def _now(self) -> datetime:
        cursor = await self._connection.execute("SELECT now()")
        row: tuple[datetime] | None = await cursor.fetchone()
        return row[0] if row else datetime.now(UTC)
