"""The table that the pipeline writes to, with a constraint that somebody thought of before there were refunds."""

from types import TracebackType
from typing import Self

import psycopg
from psycopg import AsyncConnection

from router.dev.endpoints import Endpoints

CONSTRAINT = "total_not_negative"
CHECK = "CHECK ((data #>> '{data,total}')::numeric >= 0)"
REPAIR = f"ALTER TABLE shop_events DROP CONSTRAINT {CONSTRAINT}"

_CREATE = "CREATE TABLE IF NOT EXISTS shop_events (id text NOT NULL, type text NOT NULL, subject text, data json)"
_DROP = f"ALTER TABLE shop_events DROP CONSTRAINT IF EXISTS {CONSTRAINT}"
# NOT VALID: it is for new rows. The refunds of earlier runs are in the table already.
_CONSTRAIN = f"ALTER TABLE shop_events ADD CONSTRAINT {CONSTRAINT} {CHECK} NOT VALID"
_COUNT = "SELECT count(*) FROM shop_events WHERE starts_with(id, %s)"
_HAS = "SELECT FROM shop_events WHERE id = %s"


class Table:
    """A connection of our own to the database, used by one task at a time."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, endpoints: Endpoints) -> Self:
        """Connect. Raises psycopg.OperationalError."""
        return cls(
            await psycopg.AsyncConnection.connect(
                host=endpoints.postgres_host,
                port=endpoints.postgres_port,
                user=endpoints.postgres_user,
                dbname=endpoints.postgres_database,
                password=endpoints.postgres_password,
                autocommit=True,
            )
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._connection.close()

    async def prepare(self) -> None:
        """Make the table if it is not there, and put the constraint on it; the sink adds the columns it lacks."""
        for statement in (_CREATE, _DROP, _CONSTRAIN):
            await self._connection.execute(statement)

    async def repair(self) -> None:
        """Take the constraint away."""
        await self._connection.execute(REPAIR)

    async def count(self, prefix: str) -> int:
        """How many rows have an id that begins like this."""
        row = await (await self._connection.execute(_COUNT, (prefix,))).fetchone()
        return int(row[0]) if row else 0

    async def has(self, event_id: str) -> bool:
        """Whether there is a row of the event."""
        return (await self._connection.execute(_HAS, (event_id,))).rowcount > 0
