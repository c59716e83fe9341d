"""The peer of `cdc_snapshot` and `cdc_stream`: Debezium's Postgres connector 3.6 on Kafka Connect, writing Avro."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import cdc
from benchmarks.cdc import Origin
from benchmarks.peers import connect
from benchmarks.peers.maven import assembled, plugin
from benchmarks.processes import Process
from benchmarks.side import Measurement, Run

VERSION = "3.6.0.Final"
NAME = f"Debezium {VERSION} on Kafka Connect {connect.VERSION}"
_CONVERTER = "io.apicurio:apicurio-registry-utils-converter:2.6.13.Final"
_PREFIX = "peer"


class DebeziumCdc:
    """Kafka Connect with Debezium's Postgres connector."""

    def topic(self, origin: Origin) -> str:
        """The topic that it writes to: its prefix and the table."""
        return f"{_PREFIX}.public.{origin.table}"

    def prepare(self, run: Run) -> None:  # noqa: ARG002  nothing is loaded beforehand
        """Fetch what is needed."""
        connect.fetch()
        _plugins()

    @contextmanager
    def capture(self, run: Run, origin: Origin, log: Path, *, snapshot: bool) -> Iterator[Process]:
        """Capture while the context lasts."""
        target = run.endpoints
        registry = target.registry_url.replace("/apis/ccompat/v7", "/apis/registry/v2")
        connector = {
            "name": f"{_PREFIX}-{run.label}",
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "tasks.max": "1",
            "plugin.name": "pgoutput",
            "database.hostname": target.postgres_host,
            "database.port": str(target.postgres_port),
            "database.user": target.postgres_user,
            "database.password": target.postgres_password,
            "database.dbname": target.postgres_database,
            "topic.prefix": _PREFIX,
            "table.include.list": f"public.{origin.table}",
            "slot.name": origin.slot,
            "publication.name": origin.publication,
            "publication.autocreate.mode": "filtered",
            "snapshot.mode": "initial" if snapshot else "no_data",
            "max.batch.size": "8192",
            "max.queue.size": "65536",
            "value.converter": "io.apicurio.registry.utils.converter.AvroConverter",
            "value.converter.apicurio.registry.url": registry,
            "value.converter.apicurio.registry.auto-register": "true",
            "value.converter.apicurio.registry.find-latest": "true",
        }
        with connect.running_connector(run, _plugins(), connector, log) as process:
            yield process


class DebeziumSnapshot(DebeziumCdc):
    """The rows that are there."""

    def run(self, run: Run) -> Measurement:
        """Read the table once."""
        return cdc.measure_snapshot(self, run)


class DebeziumStream(DebeziumCdc):
    """The changes."""

    def run(self, run: Run) -> Measurement:
        """Follow the table once."""
        return cdc.measure_stream(self, run)


def _plugins() -> list[Path]:
    return [plugin("io.debezium", "debezium-connector-postgres", VERSION), assembled("avro-converter", _CONVERTER)]
