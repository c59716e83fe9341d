"""The gateway that all attacks are tried at."""

from collections.abc import Iterator

import pytest

from tests.attacks.gateway import Gateway, running


@pytest.fixture(scope="package")
def _gateway() -> Iterator[Gateway]:
    with running() as gateway:
        yield gateway


@pytest.fixture
def gateway(_gateway: Gateway) -> Iterator[Gateway]:
    """After every attack: nothing unforeseen has happened."""
    _gateway.requests.clear()
    _gateway.events.clear()
    yield _gateway
    assert _gateway.observer.failures == []
    assert _gateway.loop_errors == []
