"""Connectors come from entry points only, and a broken one is named."""

from importlib.metadata import EntryPoint

import pytest

from router.api import ConnectorError, Reason, SinkConnector
from router.config import connectors
from router.config.connectors import SINKS_GROUP, installed
from tests.unit.config.examples import TABLE


def _offer(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entries = (EntryPoint("mine", value, SINKS_GROUP),)
    monkeypatch.setattr(connectors, "entry_points", lambda group: entries if group == SINKS_GROUP else ())


def test_a_package_offers_its_connector_by_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, "tests.unit.config.examples:TABLE")

    assert installed(SINKS_GROUP, (SinkConnector,)) == {"mine": TABLE}


@pytest.mark.parametrize(
    "value", ["no_such_package:connector", "tests.unit.config.examples:MISSING", "tests.unit.config.examples:HOOK"]
)
def test_a_broken_connector_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    _offer(monkeypatch, value)

    with pytest.raises(ConnectorError) as caught:
        installed(SINKS_GROUP, (SinkConnector,))

    assert caught.value.reason is Reason.CONNECTOR_UNKNOWN
    assert "mine" in caught.value.message
    assert caught.value.fix
