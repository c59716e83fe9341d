"""The connectors of the examples, as if they were installed."""

import pytest

from router.config import connectors
from tests.unit.config.examples import HOOK, PULL, STREAM, TABLE


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectors, "sources", lambda: {"hook": HOOK, "pull": PULL, "stream": STREAM})
    monkeypatch.setattr(connectors, "sinks", lambda: {"table": TABLE})
