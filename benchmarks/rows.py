"""The rows of the Postgres sink benchmark: the table, and the same row for both sides."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from benchmarks.topics import PARTITIONS
from router.dev.endpoints import Endpoints

ROWS = 400_000
KEY = "id"
_PER_PARTITION = ROWS // PARTITIONS
_START_MS = 1_767_225_600_000
_NOTE = "delivered to the reception, signature on paper, no damage seen on the outside of the parcel"


@dataclass(frozen=True, slots=True)
class Row:
    """An order, and the partition that its record is in. `updated_at` is in milliseconds since 1970."""

    partition: int
    id: int
    customer: str
    email: str
    amount: float
    quantity: int
    active: bool
    updated_at: int
    note: str


def rows() -> Iterator[Row]:
    """All rows: each partition has a range of ids, and the partitions take turns."""
    for index in range(_PER_PARTITION):
        for partition in range(PARTITIONS):
            yield _row(partition, partition * _PER_PARTITION + index)


def create_table(endpoints: Endpoints, table: str) -> None:
    """Create the table, empty, with its primary key."""
    statement = sql.SQL(
        "CREATE TABLE {} (id bigint PRIMARY KEY, customer text, email text, amount double precision, "
        "quantity integer, active boolean, updated_at timestamptz, note text)"
    )
    with connect(endpoints) as connection:
        connection.execute(statement.format(sql.Identifier(table)))


def connect(endpoints: Endpoints) -> "psycopg.Connection[tuple[int | None]]":
    """A connection in which each statement stands alone."""
    return psycopg.connect(
        host=endpoints.postgres_host,
        port=endpoints.postgres_port,
        user=endpoints.postgres_user,
        password=endpoints.postgres_password,
        dbname=endpoints.postgres_database,
        autocommit=True,
    )


class Table:
    """How many rows a table has, asked without disturbing who fills it."""

    def __init__(self, connection: "psycopg.Connection[tuple[int | None]]", table: str) -> None:
        self._connection = connection
        self._count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        self._newest = sql.SQL("SELECT max(id) FROM {} WHERE id >= %s AND id < %s").format(sql.Identifier(table))

    def arrived(self) -> int:
        """Rows there, by the newest id of each partition: both sides keep a partition's order."""
        arrived = 0
        for partition in range(PARTITIONS):
            first = partition * _PER_PARTITION
            newest = self._ask(self._newest, first, first + _PER_PARTITION)
            arrived += 0 if newest is None else newest - first + 1
        return arrived

    def count(self) -> int:
        """Rows there, counted one by one."""
        return self._ask(self._count) or 0

    def _ask(self, query: sql.Composed, *parameters: int) -> int | None:
        row = self._connection.execute(query, parameters).fetchone()
        return None if row is None else row[0]


def _row(partition: int, number: int) -> Row:
    return Row(
        partition=partition,
        id=number,
        customer=f"Customer {number}",
        email=f"customer{number}@example.com",
        amount=number % 10_000 / 100,
        quantity=number % 17,
        active=number % 3 == 0,
        updated_at=_START_MS + number,
        note=_NOTE,
    )
