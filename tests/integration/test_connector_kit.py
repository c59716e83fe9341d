"""Connectors of outside packages: made by the kit, proven by the suite, found by entry point, and run for real."""

import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from router.dev.endpoints import Endpoints
from router.dev.stack import Ports
from router.kit.scaffold import Kind, write_package

_WAIT_SECONDS = 90


@dataclass
class Packages:
    """Two packages of the kit's, installed for the processes that are started here, and for nobody else."""

    sink: Path
    source: Path
    environment: Mapping[str, str]

    def router(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`router ARGUMENTS` to its end."""
        command = [sys.executable, "-m", "router", *arguments]
        return subprocess.run(  # noqa: S603  the command is ours
            command, env=self.environment, capture_output=True, text=True, timeout=_WAIT_SECONDS, check=False
        )

    def start(self, log: Path, *arguments: str) -> "subprocess.Popen[bytes]":
        """`router ARGUMENTS` in the background."""
        with log.open("ab") as stream:
            return subprocess.Popen(  # noqa: S603  the command is ours
                [sys.executable, "-m", "router", *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    directory = tmp_path_factory.mktemp("packages")
    sink = write_package("audit_log", Kind.SINK, directory)
    source = write_package("drop_box", Kind.SOURCE, directory)
    for package in (sink, source):
        _install(package, directory / "site")
    places = [directory / "site", sink / "src", source / "src"]
    return Packages(sink, source, {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))})


def _install(package: Path, site: Path) -> None:
    """What an editable installation writes beside the code: the metadata, with the entry points."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    metadata = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {target}" for name, target in entries.items()))
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("kind", Kind)
def test_a_generated_package_passes_the_conformance_suite(packages: Packages, kind: Kind) -> None:
    done = packages.router("connector", "test", str(getattr(packages, kind)))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "held" in done.stdout
    assert "0 broken" in done.stdout


def test_installed_connectors_are_listed_with_their_packages(packages: Packages) -> None:
    done = packages.router("connector", "list", "--json")

    found = {entry["name"]: entry for entry in json.loads(done.stdout)}
    assert found["audit_log"]["distribution"] == "audit-log-sink 0.1.0"
    assert (found["audit_log"]["kind"], found["audit_log"]["guarantee"]) == ("sink", "exactly once")
    assert (found["drop_box"]["kind"], found["drop_box"]["distribution"]) == ("source", "drop-box-source 0.1.0")
    assert found["postgres"]["distribution"].startswith("northfield-con ")


@pytest.mark.parametrize("kind", Kind)
def test_the_example_pipeline_of_a_generated_package_is_valid(packages: Packages, kind: Kind) -> None:
    done = packages.router("check", str(getattr(packages, kind) / "pipeline.yaml"))

    assert done.returncode == 0, done.stderr


@pytest.fixture
def pipeline(
    endpoints: Endpoints, unique: Callable[[], str], choose_ports: Callable[[], Ports], tmp_path: Path
) -> Path:
    name = unique()
    (tmp_path / "in").mkdir()
    topic = f"{name}.v1"
    content: dict[str, Any] = {
        "name": name,
        "kafka": {"bootstrap_servers": endpoints.bootstrap_servers, "registry_url": endpoints.registry_url},
        "admin": {"port": choose_ports().kafka},
        "sources": {
            "box": {
                "connector": "drop_box",
                "scopes": {"topics": [topic]},
                "schedule": {"interval_seconds": 0.2},
                "config": {"directory": str(tmp_path / "in"), "batch_lines": 20},
                "routes": [{"topic": topic, "key": "id"}],
            }
        },
        "sinks": {
            "log": {
                "connector": "audit_log",
                "topics": [topic],
                "scopes": {"topics": [topic]},
                "config": {"directory": str(tmp_path / "out")},
                "delivery": {"max_batch_events": 10},
            }
        },
    }
    file = tmp_path / "pipeline.yaml"
    file.write_text(json.dumps(content))
    return file


def _add(pipeline: Path, numbers: Sequence[int]) -> None:
    with (pipeline.parent / "in" / "numbers.jsonl").open("a") as file:
        file.writelines(f'{{"number": {number}}}\n' for number in numbers)


def _delivered(pipeline: Path) -> list[int]:
    """The numbers that are final: of each partition the lines before its position's size."""
    numbers = []
    for state in (pipeline.parent / "out").rglob("position.json"):
        size = json.loads(state.read_bytes())["size"]
        lines = state.with_name("events.jsonl").read_bytes()[:size].splitlines() if size else []
        numbers += [json.loads(line)["data"]["number"] for line in lines]
    return sorted(numbers)


def _until_delivered(process: "subprocess.Popen[bytes]", pipeline: Path, count: int, log: Path) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while len(_delivered(pipeline)) < count:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


def test_a_pipeline_of_outside_connectors_delivers_each_line_once_through_a_kill(
    packages: Packages, pipeline: Path, tmp_path: Path
) -> None:
    log = tmp_path / "run.log"
    _add(pipeline, range(2_000))
    first = packages.start(log, "run", str(pipeline))
    try:
        _until_delivered(first, pipeline, 1, log)
    finally:
        first.kill()
        first.wait()
    _add(pipeline, range(2_000, 2_100))

    second = packages.start(log, "run", str(pipeline))
    try:
        _until_delivered(second, pipeline, 2_100, log)
    finally:
        second.terminate()
        status = second.wait(_WAIT_SECONDS)

    assert _delivered(pipeline) == list(range(2_100))
    assert status == 0
