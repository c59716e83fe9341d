"""Kafka into a Postgres table by upsert: rows per second, from the first row seen to the last."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from benchmarks.failure import BenchmarkError
from benchmarks.processes import Process
from benchmarks.progress import delivery_rate
from benchmarks.rows import ROWS, Table, connect, create_table
from benchmarks.side import Measurement, Run


class TableWriter(Protocol):
    """A product that upserts a topic preloaded with `rows()` into a table."""

    def write(self, run: Run, table: str, log: Path) -> AbstractContextManager[Process]:
        """Upsert its topic from the beginning into the table while the context lasts."""
        ...


def measure(product: TableWriter, run: Run) -> Measurement:
    """Let the product write everything into a new table, then count the rows."""
    table, log = f"orders_{run.label.replace('-', '_')}", run.scratch / "writer.log"
    create_table(run.endpoints, table)
    with connect(run.endpoints) as connection:
        target = Table(connection, table)
        with product.write(run, table, log) as process:
            rate = delivery_rate(target.arrived, ROWS, process, log)
        if target.count() != ROWS:
            raise BenchmarkError(f"{ROWS} rows were to be written, {target.count()} are in {table}.")
    return Measurement(rate)
