"""`router apply`, `router status` and `router api` from the command line, on the topics of a real broker."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from router.cli.app import run
from router.control.records import Entry, TaskStatus, WorkerSeen
from router.control.store import ConnectorStore, StatusStore
from router.dev.endpoints import Endpoints
from router.fetching.states import State
from router.rest.audit import read_audit
from tests.integration.rest_api import free_port

SINK = {
    "connector": "http",
    "topics": ["orders.v1"],
    "scopes": {"topics": ["orders.v1"], "secrets": ["${env:SIGNING}"], "hosts": ["127.0.0.1:1"]},
    "config": {"url": "http://127.0.0.1:1/", "signing_secret": "${env:SIGNING}"},
}
Router = Callable[..., tuple[int, str, str]]


class Declared:
    """A configuration file, and the topics of its pipeline."""

    def __init__(self, path: Path, endpoints: Endpoints, name: str) -> None:
        self.path, self.name, self.servers = path, name, endpoints.bootstrap_servers
        self.head: dict[str, Any] = {
            "name": name,
            "kafka": {"bootstrap_servers": self.servers, "registry_url": endpoints.registry_url},
        }
        self.connectors = ConnectorStore(self.servers, name)
        self.statuses = StatusStore(self.servers, name)

    def write(self, **more: Any) -> None:
        """Make the file say this."""
        self.path.write_text(json.dumps(self.head | more))

    def entries(self) -> dict[str, Entry]:
        """What is in the topic."""
        return dict(asyncio.run(self.connectors.read()).entries)

    def audit(self) -> list[tuple[str, str, str]]:
        """Action, connector and outcome, the newest first."""
        records = asyncio.run(read_audit(self.servers, self.name, 100))
        return [(record["action"], record["connector"], record["outcome"]) for record in records]

    def report(self, name: str, state: State, *, seen: datetime | None = None, trace: str = "") -> None:
        """Say what a worker would."""
        now = datetime.now(UTC)
        worker = WorkerSeen(now.isoformat(), (seen or now).isoformat())
        asyncio.run(self.statuses.put_worker("w1", worker))
        asyncio.run(self.statuses.put_task(name, 0, TaskStatus(state, "w1", trace, now.isoformat(), 1)))


@pytest.fixture
def declared(endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path) -> Declared:
    return Declared(tmp_path / "pipeline.yaml", endpoints, unique())


@pytest.fixture
def router(capsys: pytest.CaptureFixture[str]) -> Router:
    """Runs the command; returns status, stdout, stderr."""

    def command(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return command


def test_applying_makes_the_connectors_what_the_file_says(declared: Declared, router: Router) -> None:
    declared.write(sinks={"orders": SINK, "copy": SINK})
    dry = router("apply", declared.path, "--dry-run")
    before = declared.entries()
    created = router("apply", declared.path)
    first = declared.entries()
    declared.write(sinks={"orders": SINK | {"tasks": 2}})
    changed = router("apply", declared.path)
    second = declared.entries()
    again = router("apply", declared.path)

    assert (dry[0], before) == (0, {})
    assert "create" in dry[1]
    assert created[0] == 0
    assert {name: (entry.kind, entry.origin, entry.version) for name, entry in first.items()} == {
        "copy": ("sink", "file", 1),
        "orders": ("sink", "file", 1),
    }
    assert first["orders"].settings == SINK
    assert "tasks" in changed[1]
    assert (list(second), second["orders"].version, second["orders"].settings["tasks"]) == (["orders"], 2, 2)
    assert "Nothing to change." in again[1]
    assert declared.audit() == [
        ("apply: update", "orders", "done"),
        ("apply: delete", "copy", "done"),
        ("apply: create", "orders", "done"),
        ("apply: create", "copy", "done"),
    ]


def test_applying_leaves_connectors_of_the_api_alone(declared: Declared, router: Router) -> None:
    declared.write(sinks={"orders": SINK})
    router("apply", declared.path)
    entry = Entry("sink", SINK, "api", 1, datetime.now(UTC).isoformat(), "ann")
    asyncio.run(declared.connectors.put("made", entry))
    declared.write()

    status, _, _ = router("apply", declared.path)

    assert status == 0
    assert declared.entries() == {"made": entry}


def test_a_file_with_faults_is_not_applied(declared: Declared, router: Router) -> None:
    declared.write(sinks={"orders": SINK | {"topics": ["other.v1"]}})

    status, _, errors = router("apply", declared.path)

    assert status == 2
    assert "SCOPE_EXCEEDED" in errors
    assert declared.entries() == {}


def test_the_status_is_shown_and_a_failure_is_an_exit_status(declared: Declared, router: Router) -> None:
    declared.write(sinks={"orders": SINK})
    empty = router("status", declared.path)
    router("apply", declared.path)
    unassigned = router("status", declared.path)
    declared.report("orders", State.RUNNING)
    running = router("status", declared.path)
    declared.report("orders", State.FAILED, trace="TARGET_REJECTED: no (Look at the endpoint.)")
    failed = router("status", declared.path)
    as_json = router("status", declared.path, "--output", "json")

    assert (empty[0], "no connectors" in empty[1]) == (0, True)
    assert (unassigned[0], "UNASSIGNED" in unassigned[1]) == (0, True)
    assert (running[0], "RUNNING" in running[1], "w1" in running[1]) == (0, True, True)
    assert failed[0] == 1
    assert "FAILED" in failed[1]
    assert "Look at the endpoint." in failed[1].replace("\n", " ").replace("  ", " ")
    (shown,) = json.loads(as_json[1])
    assert (as_json[0], shown["state"], shown["tasks"][0]["worker"]) == (1, "FAILED", "w1")


def test_a_task_of_a_worker_that_is_gone_is_nobodys(declared: Declared, router: Router) -> None:
    declared.write(sinks={"orders": SINK})
    router("apply", declared.path)
    declared.report("orders", State.RUNNING, seen=datetime.now(UTC) - timedelta(minutes=1))

    (shown,) = json.loads(router("status", declared.path, "--output", "json")[1])

    assert (shown["state"], shown["tasks"][0]["worker"]) == ("UNASSIGNED", None)


@contextmanager
def _serving(declared: Declared, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = (sys.executable, "-m", "router", "api", str(declared.path), "--admin-port", str(free_port()))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"NO_COLOR": "1"})  # noqa: S603  ours
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_the_api_is_a_process_of_its_own_that_stops_when_told(declared: Declared, router: Router) -> None:
    made = router("token", "ci", "--role", "admin")
    port = free_port()
    line = made[2].split("- ", 1)[1].split("}", 1)[0].strip("{") + "}"
    entry = dict(part.strip(" '{}").replace("'", "").split(": ") for part in line.strip("{}").split(","))
    declared.write(api={"port": port, "tokens": [entry]}, sinks={"orders": SINK})
    router("apply", declared.path)
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/connectors", headers={"Authorization": f"Bearer {made[1].strip()}"}
    )

    with _serving(declared, port) as process:
        names = _answer(request, process)

    assert names == ["orders"]
    assert process.returncode == 0


def _answer(request: urllib.request.Request, process: "subprocess.Popen[bytes]") -> Any:
    """The body, once the API serves. The test's own limit ends the wait."""
    while True:
        assert process.poll() is None
        try:
            with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310  our own address
                return json.load(response)
        except urllib.error.URLError as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            time.sleep(0.1)
