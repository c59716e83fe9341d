"""The connectors of the examples, as if they were installed, and a clean environment."""

import pytest

from router.config import connectors
from tests.unit.config.examples import HOOK, TABLE


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectors, "sources", lambda: {"hook": HOOK})
    monkeypatch.setattr(connectors, "sinks", lambda: {"table": TABLE})
    for name in ("LOG_LEVEL", "LOG_FORMAT", "HOOK_SECRET", "DB_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
