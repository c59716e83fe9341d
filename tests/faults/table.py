"""The table that the sink delivers to, with what shows how often and in which order it was written."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from router.dev.endpoints import Endpoints
from tests.faults.events import Place, digest, place_of

MAX_BODY_BYTES = 100_000
"""A longer body violates a constraint of the table."""

# `row` numbers the rows in the order in which they are inserted. The sink's ON CONFLICT hides a row that is given
# twice; the trigger, which runs before the conflict is found, does not.
_CREATE = """
CREATE TABLE {table} (
    row bigint GENERATED ALWAYS AS IDENTITY,
    data json CONSTRAINT not_too_long CHECK (octet_length(data::text) < {limit})
);
CREATE TABLE {offers} (id text NOT NULL);
CREATE FUNCTION {note}() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO {offers} VALUES (NEW.id); RETURN NEW; END';
CREATE TRIGGER note BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {note}();
"""


class Table:
    """One run's table. It connects anew for each question, since Postgres may be killed in between."""

    def __init__(self, endpoints: Endpoints, name: str) -> None:
        self.name = name
        self._endpoints = endpoints
        self._table = sql.Identifier(name)
        self._offers = sql.Identifier(f"{name}_offers")

    def create(self) -> None:
        """Make it; the sink adds its own columns."""
        note = sql.Identifier(f"{self.name}_note")
        names = {"table": self._table, "offers": self._offers, "note": note, "limit": sql.Literal(MAX_BODY_BYTES)}
        with self._connect() as connection:
            connection.execute(sql.SQL(_CREATE).format(**names))

    def delivered(self) -> Iterator[tuple[Place, bytes]]:
        """Every row in the order of insertion, with the digest of its content."""
        query = sql.SQL("SELECT id, data::text FROM {} ORDER BY row").format(self._table)
        with self._connect() as connection, connection.cursor("delivered") as cursor:
            cursor.itersize = 10_000
            for event_id, data in cursor.execute(query):
                yield place_of(event_id), digest(data.encode())

    def offers(self) -> Iterator[str]:
        """The id of every row that the sink has given to Postgres in a transaction that it committed."""
        with self._connect() as connection, connection.cursor("offers") as cursor:
            cursor.itersize = 10_000
            for (event_id,) in cursor.execute(sql.SQL("SELECT id FROM {}").format(self._offers)):
                yield event_id

    def positions(self, topic: str) -> dict[int, int]:
        """How far each partition of the topic is delivered: the next offset. Empty while Postgres is away."""
        query = "SELECT partition, position FROM sink_positions WHERE topic = %s AND position IS NOT NULL"
        try:
            with self._connect() as connection:
                return dict(connection.execute(query, (topic,)).fetchall())
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
            return {}

    @contextmanager
    def _connect(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(
            host=self._endpoints.postgres_host,
            port=self._endpoints.postgres_port,
            user=self._endpoints.postgres_user,
            password=self._endpoints.postgres_password,
            dbname=self._endpoints.postgres_database,
            connect_timeout=5,
        ) as connection:
            yield connection
