"""A receiver that fetches keys may do so only from the addresses that it was given."""

from pathlib import Path

import pytest

from router.api import Reason
from router.config import connectors
from router.config.load import load_offline
from sources.webhook import connector
from tests.unit.config.examples import VALID, faults, write

PAYPAL = """\
sources:
  paypal:
    connector: webhook
    scopes: {topics: [paypal.v1], hosts: [HOSTS]}
    config:
      path: /hooks/paypal
      verify: {scheme: paypal, webhook_id: W}
    routes:
      - topic: paypal.v1
"""
TEXT = VALID.partition("sources:\n")[0] + PAYPAL


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectors, "sources", lambda: {"webhook": connector})


def test_keys_are_fetched_from_hosts_within_the_scopes(tmp_path: Path) -> None:
    text = TEXT.replace("HOSTS", '"api.paypal.com:443", "api.sandbox.paypal.com:443"')

    assert load_offline(write(tmp_path, text)).receivers["paypal"].connector is connector


def test_hosts_outside_the_scopes_are_refused(tmp_path: Path) -> None:
    text = TEXT.replace("HOSTS", '"api.paypal.com:443"')

    assert [fault.reason for fault in faults(write(tmp_path, text))] == [Reason.SCOPE_EXCEEDED]
