"""`router check` and secrets in Vault: offline unless asked, and then each fault at its place."""

import json
import socket
from pathlib import Path

import pytest

from router.cli.app import run
from tests.unit.config.examples import VALID, write

REFERENCE = "${vault:secret/shop/db#password}"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose Vault nobody answers for."""
    monkeypatch.setenv("HOOK_SECRET", "long enough")
    monkeypatch.setenv("VAULT_TOKEN", "Canary-4711")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    section = f"vault: {{address: '{address}', auth: {{method: token, token: '${{env:VAULT_TOKEN}}'}}}}\n"
    return write(tmp_path, section + VALID.replace("${env:DB_PASSWORD}", REFERENCE))


def test_without_being_asked_vault_is_left_alone(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(["check", str(file)])

    shown = capsys.readouterr()
    assert status == 0
    assert "vault" not in shown.err


def test_an_unreachable_vault_is_a_fault_of_each_secret_in_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(["check", str(file), "--secrets", "--output", "json"])

    shown = capsys.readouterr()
    assert status == 2
    assert [(fault["reason"], fault["path"]) for fault in json.loads(shown.out)] == [
        ("SECRET_UNAVAILABLE", "sinks.store.config.password")
    ]
    assert "Canary" not in shown.out + shown.err
