"""Kafka Connect 4.1.1, one standalone worker with one connector."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.maven import JAVA, classpath
from benchmarks.ports import free_port
from benchmarks.processes import Process, running
from benchmarks.side import Run

VERSION = "4.1.1"
_ARTIFACTS = [
    f"org.apache.kafka:connect-runtime:{VERSION}",
    f"org.apache.kafka:connect-json:{VERSION}",
    "org.slf4j:slf4j-simple:1.7.36",
]
_LOGS = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
_MAIN = "org.apache.kafka.connect.cli.ConnectStandalone"
# What `connect-distributed.sh` gives a worker by default.
_MEMORY = ["-Xms256m", "-Xmx2g"]


def fetch() -> None:
    """Fetch the worker, if it is not there."""
    classpath(_ARTIFACTS)


@contextmanager
def running_connector(run: Run, plugins: Sequence[Path], connector: Mapping[str, str], log: Path) -> Iterator[Process]:
    """Run a worker with the connector while the context lasts. plugins: the directories of its jars."""
    worker = {
        "bootstrap.servers": run.endpoints.bootstrap_servers,
        "listeners": f"http://127.0.0.1:{free_port()}",
        "plugin.path": ",".join(map(str, plugins)),
        "plugin.discovery": "only_scan",
        "offset.storage.file.filename": str(run.scratch / "offsets"),
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "true",
        "consumer.auto.offset.reset": "earliest",
    }
    worker_file = _write(run.scratch / "worker.properties", worker)
    connector_file = _write(run.scratch / "connector.properties", connector)
    command: list[str | Path] = [
        JAVA,
        *_MEMORY,
        _LOGS,
        "-cp",
        classpath(_ARTIFACTS),
        _MAIN,
        worker_file,
        connector_file,
    ]
    with running(command, log) as process:
        yield process


def _write(path: Path, properties: Mapping[str, str]) -> Path:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
    path.chmod(0o600)  # a connector's properties have its password
    return path
