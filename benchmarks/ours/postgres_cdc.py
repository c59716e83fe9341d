"""Ours in `cdc_snapshot` and `cdc_stream`: the source postgres_cdc in one worker, with its transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import cdc
from benchmarks.cdc import Origin
from benchmarks.ours.router import running_router
from benchmarks.processes import Process
from benchmarks.side import Measurement, Run

_REFERENCE = "${env:POSTGRES_PASSWORD}"


class RouterCdc:
    """`router worker` with the source."""

    def topic(self, origin: Origin) -> str:
        """The topic that it writes to."""
        return f"ours-{origin.table}.v1"

    @contextmanager
    def capture(self, run: Run, origin: Origin, log: Path, *, snapshot: bool) -> Iterator[Process]:
        """Capture while the context lasts."""
        target = run.endpoints
        source = {
            "connector": "postgres_cdc",
            "scopes": {
                "topics": [self.topic(origin)],
                "secrets": [_REFERENCE],
                "hosts": [f"{target.postgres_host}:{target.postgres_port}"],
            },
            "config": {
                "host": target.postgres_host,
                "port": target.postgres_port,
                "user": target.postgres_user,
                "password": _REFERENCE,
                "database": target.postgres_database,
                "tables": [f"public.{origin.table}"],
                "slot": origin.slot,
                "publication": origin.publication,
                "snapshot": "initial" if snapshot else "never",
            },
            "routes": [{"topic": self.topic(origin)}],
        }
        pipeline = {"name": run.label, "sources": {"orders": source}}
        secrets = {"POSTGRES_PASSWORD": target.postgres_password}
        with running_router("worker", run, log, pipeline, secrets) as process:
            yield process


class RouterSnapshot(RouterCdc):
    """The rows that are there."""

    def prepare(self, run: Run) -> None:
        """Nothing is loaded beforehand."""

    def run(self, run: Run) -> Measurement:
        """Read the table once."""
        return cdc.measure_snapshot(self, run)


class RouterStream(RouterCdc):
    """The changes."""

    def prepare(self, run: Run) -> None:
        """Nothing is loaded beforehand."""

    def run(self, run: Run) -> Measurement:
        """Follow the table once."""
        return cdc.measure_stream(self, run)
