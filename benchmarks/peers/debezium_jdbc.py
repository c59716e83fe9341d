"""The peer of `postgres_sink`: Debezium's JDBC sink 3.6 on Kafka Connect, upserting batches of 2,000."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import postgres_sink
from benchmarks.peers import connect
from benchmarks.peers.maven import plugin
from benchmarks.processes import Process
from benchmarks.rows import KEY, Row, rows
from benchmarks.side import Measurement, Run
from benchmarks.topics import PARTITIONS, Entry, fill

VERSION = "3.6.0.Final"
NAME = f"Debezium JDBC sink {VERSION} on Kafka Connect {connect.VERSION}"
_TOPIC = "peer-orders.v1"
_TYPES = {
    "id": "int64",
    "customer": "string",
    "email": "string",
    "amount": "double",
    "quantity": "int32",
    "active": "boolean",
    "updated_at": "int64",
    "note": "string",
}
_LOGICAL = {"updated_at": "org.apache.kafka.connect.data.Timestamp"}


class DebeziumJdbc:
    """Kafka Connect with Debezium's JDBC sink."""

    def prepare(self, run: Run) -> None:
        """Fetch both, and load the topic."""
        connect.fetch()
        _plugin()
        fill(run.endpoints.bootstrap_servers, _TOPIC, map(_entry, rows()))

    def run(self, run: Run) -> Measurement:
        """Write the rows once."""
        return postgres_sink.measure(self, run)

    @contextmanager
    def write(self, run: Run, table: str, log: Path) -> Iterator[Process]:
        """Upsert while the context lasts."""
        target = run.endpoints
        address = f"{target.postgres_host}:{target.postgres_port}/{target.postgres_database}"
        connector = {
            "name": f"peer-{run.label}",
            "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
            "tasks.max": str(PARTITIONS),
            "topics": _TOPIC,
            "connection.url": f"jdbc:postgresql://{address}?reWriteBatchedInserts=true",
            "connection.username": target.postgres_user,
            "connection.password": target.postgres_password,
            "insert.mode": "upsert",
            "primary.key.mode": "record_value",
            "primary.key.fields": KEY,
            "schema.evolution": "none",
            "collection.name.format": table,
            "batch.size": "2000",
            "use.reduction.buffer": "true",
            # The consumer gives 500 records at a time by default, and a batch ends with them.
            "consumer.override.max.poll.records": "2000",
        }
        with connect.running_connector(run, [_plugin()], connector, log) as process:
            yield process


def _plugin() -> Path:
    return plugin("io.debezium", "debezium-connector-jdbc", VERSION)


def _entry(row: Row) -> Entry:
    payload = {name: getattr(row, name) for name in _TYPES}
    value = json.dumps({"schema": _SCHEMA, "payload": payload}, separators=(",", ":"))
    return Entry(row.partition, str(row.id).encode(), value.encode())


def _field(name: str) -> dict[str, object]:
    field: dict[str, object] = {"field": name, "type": _TYPES[name], "optional": name != KEY}
    if name in _LOGICAL:
        field |= {"name": _LOGICAL[name], "version": 1}
    return field


_SCHEMA = {"type": "struct", "name": "orders", "optional": False, "fields": [_field(name) for name in _TYPES]}
