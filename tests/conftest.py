"""What tests of every kind share: the embedded stack, started once, and names that collide with nobody's."""

import random
import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import hypothesis
import pytest
import structlog

from router.dev.ports import is_free
from router.dev.stack import Endpoints, Ports, Stack
from tests import ahead

# A slow machine is no fault of an example's.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")

# Below the range that the kernel takes the ports of outgoing connections from: a port that is free now is still
# free when a test kills a server and starts it again.
_PORTS = range(20_000, 32_000)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Build beside the first tests what the last ones need."""
    ahead.last(items)
    if not config.option.collectonly and (building := ahead.start(items)) is not None:
        config.add_cleanup(building.terminate)


def choose_ports() -> Ports:
    """Ports that nobody listens on."""
    chosen: list[int] = []
    while len(chosen) < len(fields(Ports)):
        port = random.choice(_PORTS)  # noqa: S311 # nothing secret
        if port not in chosen and is_free(port):
            chosen.append(port)
    return Ports(*chosen)


@pytest.fixture(name="choose_ports", scope="session")
def choose_ports_fixture() -> Callable[[], Ports]:
    """The function that chooses free ports, for a test that starts servers of its own."""
    return choose_ports


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The stack of this test session, for tests that kill its servers and start them again."""
    with tempfile.TemporaryDirectory(prefix="con-stack-") as home, Stack(Path(home), choose_ports()) as running:
        yield running


@pytest.fixture(scope="session")
def endpoints(stack: Stack) -> Endpoints:
    """Where the stack of this test session is."""
    return stack.start()


@pytest.fixture
def unique() -> Callable[[], str]:
    """Makes names for topics, groups, subjects and tables, valid in each of these places; each call a new one."""
    return lambda: f"t{secrets.token_hex(4)}"


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """What a test makes of the logs, such as a stream that is closed after it, ends with the test."""
    yield
    structlog.reset_defaults()
