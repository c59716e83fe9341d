"""The example that a newcomer sees first ends with a balance that closes, and leaves nothing behind."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from router.dev.ports import is_free
from router.dev.stack import Ports

LINE = re.compile(r"^(before the repair|after the replay), (\w+): (\d+) = (.+): closes$", re.MULTILINE)


@pytest.fixture
def home() -> Iterator[Path]:
    """Not pytest's: pytest closes the directories above it to other users, of whom Postgres may be one."""
    with tempfile.TemporaryDirectory(prefix="con-example-") as directory:
        yield Path(directory)


@pytest.fixture
def ports(choose_ports: Callable[[], Ports]) -> dict[str, int]:
    numbers = astuple(choose_ports())
    while len(set(numbers)) < 7:
        numbers = tuple({*numbers, *astuple(choose_ports())})[:7]
    names = ("kafka", "kafka-controller", "registry", "postgres", "ingress", "admin", "receiver")
    return dict(zip(names, numbers, strict=True))


def run_once(home: Path, ports: dict[str, int]) -> "subprocess.CompletedProcess[str]":
    options = [word for name, port in ports.items() for word in (f"--{name}-port", str(port))]
    command = [sys.executable, "-m", "router", "dev", "--example", "--once", "--home", str(home), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603  ourselves


def parts(text: str) -> dict[str, int]:
    return {label: int(count) for count, label in re.findall(r"(\d+) ([a-z -]+[a-z])", text)}


def test_the_balance_closes_also_on_kept_state_and_nothing_stays_behind(home: Path, ports: dict[str, int]) -> None:
    for _ in range(2):
        outcome = run_once(home, ports)

        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        lines = {
            (moment, name): (int(received), parts(sums))
            for moment, name, received, sums in LINE.findall(outcome.stdout)
        }
        assert len(lines) == 8
        assert all(received == sum(counted.values()) > 300 for received, counted in lines.values())
        for sink, refused in (("Postgres", 12), ("HTTP", 8)):
            _, before = lines["before the repair", sink]
            _, after = lines["after the replay", sink]
            assert (before["dead-lettered"], after["dead-lettered"]) == (refused, 0)
            assert after["delivered"] == before["delivered"] + refused
            assert before["duplicates"] == after["duplicates"] == 15
        assert all(is_free(port) for port in ports.values())
