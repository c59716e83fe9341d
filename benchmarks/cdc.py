"""A Postgres table into a topic: its rows by a snapshot, and its changes from the log; rows per second."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from psycopg import sql

from benchmarks.failure import BenchmarkError
from benchmarks.processes import Process, wait_until
from benchmarks.progress import delivery_rate
from benchmarks.rows import connect, create_table
from benchmarks.side import Measurement, Run
from benchmarks.topics import TopicEnd, count_committed, create_topic
from router.dev.endpoints import Endpoints

ROWS = 400_000
_ROWS_PER_TRANSACTION = 1_000
_FIRST = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """What is captured, with names of its own for every run. table: in the schema `public`."""

    table: str
    slot: str
    publication: str


class Capture(Protocol):
    """A product that captures a table."""

    def topic(self, origin: Origin) -> str:
        """The topic that it writes to."""
        ...

    def capture(self, run: Run, origin: Origin, log: Path, *, snapshot: bool) -> AbstractContextManager[Process]:
        """Capture while the context lasts. snapshot: the rows that are there first, or only the changes from now on."""
        ...


def measure_snapshot(product: Capture, run: Run) -> Measurement:
    """Let the product read a full table."""
    with _origin(run) as origin:
        topic = product.topic(origin)
        create_topic(run.endpoints.bootstrap_servers, topic)
        _insert(run.endpoints, origin, _FIRST, ROWS)
        return _measure(product, run, origin, topic, snapshot=True)


def measure_stream(product: Capture, run: Run) -> Measurement:
    """Let the product follow a table that is being filled."""
    with _origin(run) as origin:
        topic = product.topic(origin)
        create_topic(run.endpoints.bootstrap_servers, topic)
        return _measure(product, run, origin, topic, snapshot=False)


def _measure(product: Capture, run: Run, origin: Origin, topic: str, *, snapshot: bool) -> Measurement:
    brokers, log = run.endpoints.bootstrap_servers, run.scratch / "capture.log"
    with TopicEnd(brokers, topic) as end, product.capture(run, origin, log, snapshot=snapshot) as process:
        if not snapshot:
            _await_first(run.endpoints, origin, end, process, log)
            _insert(run.endpoints, origin, _FIRST + 1, ROWS)
        rate = delivery_rate(end.records, ROWS, process, log)
        # The end also counts the marks of transactions.
        wait_until(lambda: count_committed(brokers, topic) >= ROWS, process, log)
    written = count_committed(brokers, topic)
    if written != ROWS:
        raise BenchmarkError(f"The table has {ROWS} rows, and {written} records are in {topic}.")
    return Measurement(rate)


def _await_first(endpoints: Endpoints, origin: Origin, end: "TopicEnd", process: Process, log: Path) -> None:
    """One row, sent when the slot is there; once it has arrived, the product is streaming."""
    wait_until(lambda: _slot_is_active(endpoints, origin), process, log)
    _insert(endpoints, origin, _FIRST, _FIRST)
    wait_until(lambda: end.records() > 0, process, log)


def _insert(endpoints: Endpoints, origin: Origin, first: int, last: int) -> None:
    """Insert rows like those of `rows.py`, made by the server, a thousand in a transaction."""
    statement = sql.SQL(
        "INSERT INTO {} SELECT n, 'Customer ' || n, 'customer' || n || '@example.com', n %% 10000 / 100.0, n %% 17, "
        "n %% 3 = 0, timestamptz '2026-01-01' + n * interval '1 millisecond', "
        "'delivered to the reception, signature on paper, no damage seen on the outside of the parcel' "
        "FROM generate_series(%s::bigint, %s::bigint) AS n"
    ).format(sql.Identifier(origin.table))
    with connect(endpoints) as connection:
        for start in range(first, last + 1, _ROWS_PER_TRANSACTION):
            connection.execute(statement, (start, min(start + _ROWS_PER_TRANSACTION - 1, last)))


def _slot_is_active(endpoints: Endpoints, origin: Origin) -> bool:
    with connect(endpoints) as connection:
        query = "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND active"
        return connection.execute(query, (origin.slot,)).fetchone() is not None


@contextmanager
def _origin(run: Run) -> Iterator[Origin]:
    """A new table; afterwards its slot, which would hold back the log, and its publication are removed."""
    name = f"cdc_{run.label.replace('-', '_')}"
    origin = Origin(table=name, slot=name, publication=name)
    create_table(run.endpoints, origin.table)
    with connect(run.endpoints) as connection:
        connection.execute("CHECKPOINT")
        try:
            yield origin
        finally:
            connection.execute(
                "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s", (origin.slot,)
            )
            connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                "WHERE slot_name = %s AND NOT active",
                (origin.slot,),
            )
            connection.execute(sql.SQL("DROP PUBLICATION IF EXISTS {}").format(sql.Identifier(origin.publication)))
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(origin.table)))
