"""Ours in `postgres_sink`: the Postgres sink, two workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import postgres_sink
from benchmarks.ours.envelopes import Content, fill_with_envelopes
from benchmarks.ours.router import WORKERS, running_workers
from benchmarks.processes import Process
from benchmarks.rows import KEY, Row, rows
from benchmarks.side import Measurement, Run
from router.api import Schema

_TOPIC = "ours-orders.v1"
_REFERENCE = "${env:POSTGRES_PASSWORD}"
_TYPES = {
    "id": "long",
    "customer": "string",
    "email": "string",
    "amount": "double",
    "quantity": "int",
    "active": "boolean",
    "updated_at": {"type": "long", "logicalType": "timestamp-millis"},
    "note": "string",
}
_SCHEMA = Schema(
    {
        "type": "record",
        "name": "Order",
        "fields": [{"name": name, "type": kind if name == KEY else ["null", kind]} for name, kind in _TYPES.items()],
    }
)


class RouterPostgres:
    """`router worker` with the Postgres sink."""

    def prepare(self, run: Run) -> None:
        """Load the topic."""
        fill_with_envelopes(run.endpoints, _TOPIC, map(_content, rows()), _SCHEMA)

    def run(self, run: Run) -> Measurement:
        """Write the rows once."""
        return postgres_sink.measure(self, run)

    @contextmanager
    def write(self, run: Run, table: str, log: Path) -> Iterator[Process]:
        """Upsert while the context lasts."""
        target = run.endpoints
        sink = {
            "connector": "postgres",
            "topics": [_TOPIC],
            "tasks": WORKERS,
            "scopes": {
                "topics": [_TOPIC],
                "secrets": [_REFERENCE],
                "hosts": [f"{target.postgres_host}:{target.postgres_port}"],
            },
            "config": {
                "host": target.postgres_host,
                "port": target.postgres_port,
                "user": target.postgres_user,
                "password": _REFERENCE,
                "database": target.postgres_database,
                "table": table,
                "mode": "upsert",
                "key": [KEY],
            },
        }
        # The name is the run's, as the position in the table's database is remembered by it.
        pipeline = {"name": run.label, "sinks": {"out": sink}}
        secrets = {"POSTGRES_PASSWORD": target.postgres_password}
        with running_workers(run, log, pipeline, secrets) as process:
            yield process


def _content(row: Row) -> Content:
    data = {name: getattr(row, name) for name in _TYPES}
    data["updated_at"] = datetime.fromtimestamp(row.updated_at / 1000, UTC)
    return Content(row.partition, str(row.id), data)
