"""The embedded stack: real servers, started, found, killed, restarted, reset."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path

import psycopg
import pytest

from router.api import ConnectorError, Reason
from router.dev.endpoints import HOST
from router.dev.ports import is_free
from router.dev.stack import Endpoints, Ports, Stack
from tests.integration import stack_clients as clients

POSTGRES = frozenset({"postgres"})
KAFKA = frozenset({"kafka"})


@pytest.fixture
def ports(choose_ports: Callable[[], Ports]) -> Ports:
    return choose_ports()


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory for a stack of its own. Not pytest's: pytest closes the directories above it to other users."""
    with tempfile.TemporaryDirectory(prefix="con-stack-") as directory:
        yield Path(directory)


@pytest.fixture
def small(home: Path, ports: Ports) -> Iterator[Stack]:
    """A stack of PostgreSQL alone, which starts in two seconds."""
    with Stack(home, ports, components=POSTGRES) as running:
        yield running


def all_free(ports: Ports) -> bool:
    return all(is_free(port) for port in astuple(ports))


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pids(home: Path) -> list[int]:
    return [int(file.read_text().split()[0]) for file in (home / "run").glob("*.pid")]


def run_dev(home: Path, ports: Ports, *components: str) -> subprocess.Popen[str]:
    """What `router dev` does, in a process of its own, once it has said where the stack is."""
    program = (
        # What a shell starts in the background ignores the signal, and so does whatever it starts.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from pathlib import Path; from router.dev.command import run_dev; from router.dev.stack import Ports;"
        f"run_dev({ports!r}, Path({str(home)!r}), False, frozenset({components!r}))"
    )
    process = subprocess.Popen((sys.executable, "-c", program), stdout=subprocess.PIPE, text=True)  # noqa: S603 # ours
    assert process.stdout
    for line in process.stdout:
        if line.startswith("Ctrl-C"):
            break
    return process


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_kafka_keeps_records_and_knows_both_group_protocols(
    endpoints: Endpoints, unique: Callable[[], str], protocol: str
) -> None:
    topic = unique()

    clients.write_topic(endpoints, topic, [b"one", b"two"])

    assert clients.read_topic(endpoints, topic, 2, protocol=protocol) == [b"one", b"two"]


def test_the_registry_takes_schemas(endpoints: Endpoints, unique: Callable[[], str]) -> None:
    subject = unique()

    clients.register_schema(endpoints, subject)

    assert subject in clients.subjects(endpoints)


def test_postgres_decodes_its_log_and_asks_for_the_password(endpoints: Endpoints) -> None:
    with clients.database(endpoints) as connection:
        (level,) = connection.execute("SHOW wal_level").fetchone() or ("",)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=HOST, port=endpoints.postgres_port, user="connectors", password="wrong")

    assert level == "logical"


@pytest.mark.parametrize("component", ["kafka", "registry", "postgres"])
def test_a_killed_server_comes_back_with_its_state(
    stack: Stack, endpoints: Endpoints, unique: Callable[[], str], component: str
) -> None:
    name, server = unique(), stack.component(component)
    clients.write_topic(endpoints, name, [b"kept"])
    clients.register_schema(endpoints, name)
    clients.write_table(endpoints, name, 7)
    pid = server.pid

    server.kill()
    with pytest.raises(ConnectorError, match=f"{component} has ended"):
        stack.check()
    server.start()

    assert server.pid not in (None, pid)
    assert clients.read_topic(endpoints, name, 1) == [b"kept"]
    assert name in clients.subjects(endpoints)
    assert clients.read_table(endpoints, name) == 7


def test_everything_survives_a_stop_and_a_start(home: Path, ports: Ports) -> None:
    stack = Stack(home, ports)
    endpoints = stack.start()
    clients.write_topic(endpoints, "kept", [b"kept"])
    clients.register_schema(endpoints, "kept")
    clients.write_table(endpoints, "kept", 7)

    stack.stop()
    stopped = all_free(ports)
    with stack:
        kept = (
            clients.read_topic(endpoints, "kept", 1),
            clients.subjects(endpoints),
            clients.read_table(endpoints, "kept"),
        )

    assert stopped
    assert kept == ([b"kept"], ["kept"], 7)


def test_a_second_stack_finds_the_first_and_does_not_own_it(small: Stack, home: Path, ports: Ports) -> None:
    second = Stack(home, Ports(), components=POSTGRES)

    found = second.start()
    second.stop()

    assert found == small.start()
    assert not second.is_owner
    assert not is_free(ports.postgres)


def test_a_stack_that_lacks_what_is_asked_for_is_an_error(small: Stack, home: Path) -> None:
    with pytest.raises(ConnectorError) as caught:
        Stack(home, Ports(), components=POSTGRES | KAFKA).start()

    assert caught.value.reason is Reason.STACK_RUNNING
    assert "without kafka" in caught.value.message


def test_a_reset_is_refused_while_the_stack_runs(small: Stack, home: Path) -> None:
    with pytest.raises(ConnectorError) as caught:
        Stack.reset(home)

    assert caught.value.reason is Reason.STACK_RUNNING


def test_a_reset_removes_the_state(small: Stack, home: Path) -> None:
    clients.write_table(small.start(), "gone", 7)
    small.stop()

    Stack.reset(home)

    with pytest.raises(psycopg.errors.UndefinedTable):
        clients.read_table(small.start(), "gone")


def test_taken_ports_are_named_before_anything_starts(home: Path, ports: Ports) -> None:
    with socket.create_server((HOST, ports.kafka)), pytest.raises(ConnectorError) as caught:
        Stack(home, ports).start()

    assert caught.value.reason is Reason.PORT_IN_USE
    assert f"{ports.kafka} (kafka)" in caught.value.message
    assert not pids(home)
    assert is_free(ports.postgres)


def test_a_server_that_does_not_start_shows_its_log_and_stops_the_others(home: Path, ports: Ports) -> None:
    spoiled = home / "kafka" / "data" / "meta.properties"
    spoiled.parent.mkdir(parents=True)
    spoiled.write_text("version=1\ncluster.id=other\nnode.id=99\n")

    with pytest.raises(ConnectorError) as caught:
        Stack(home, ports, components=KAFKA | POSTGRES).start()

    assert caught.value.reason is Reason.STACK_COMPONENT_FAILED
    assert "Exiting Kafka due to" in caught.value.message
    assert str(home / "logs" / "kafka.log") in str(caught.value)
    assert all_free(ports)


def test_no_server_outlives_a_killed_parent(home: Path, ports: Ports) -> None:
    parent = run_dev(home, ports, "kafka", "postgres")
    children = pids(home)

    parent.kill()
    parent.communicate()

    assert len(children) == 2
    assert until(lambda: not any(map(is_alive, children)))
    with Stack(home, ports, components=POSTGRES) as successor:
        assert successor.is_owner


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_server_in_good_order(home: Path, ports: Ports, number: signal.Signals) -> None:
    parent = run_dev(home, ports, "postgres")
    children = pids(home)

    parent.send_signal(number)
    output, _ = parent.communicate(timeout=20)

    assert parent.returncode == 0
    assert output.endswith("Stopping ...\n")
    assert children
    assert not any(map(is_alive, children))
    assert "database system is shut down" in (home / "logs" / "postgres.log").read_text()
