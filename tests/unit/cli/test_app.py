"""Whatever goes wrong ends in one message with a reason and a fix on stderr, and the right exit status."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from router.api import ConnectorError, Reason
from router.cli import app
from router.cli.app import COMMANDS, Command, run
from router.config.faults import ConfigError, Fault
from tests.unit.config.examples import VALID, write

Output = pytest.CaptureFixture[str]
CANARY = "Canary-4711"


def _raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Registers a function as `router probe`."""

    def register(function: Callable[[], None]) -> None:
        monkeypatch.setattr(app, "PROBE", function, raising=False)
        monkeypatch.setitem(COMMANDS, "probe", Command("router.cli.app", "PROBE", "Probe."))

    return register


@pytest.mark.parametrize(
    ("error", "status", "parts"),
    [
        (ConnectorError(Reason.CONFIG_INVALID, "It is wrong.", fix="Mend it."), 2, ["CONFIG_INVALID", "Mend it."]),
        (ConnectorError(Reason.PORT_IN_USE, "Taken."), 2, ["PORT_IN_USE", "Taken."]),
        (ConnectorError(Reason.BROKER_UNAVAILABLE, "Away.\x1b[2J"), 1, ["BROKER_UNAVAILABLE", "Away.\\x1b[2J"]),
        (
            ConfigError([Fault(Reason.SCOPE_REQUIRED, "a.b", "No.", "Add.")]),
            2,
            ["SCOPE_REQUIRED", "a.b", "No.", "Add."],
        ),
        (ValueError(CANARY), 1, ["INTERNAL_BUG", "ValueError", "test_app.py, line"]),
        (KeyboardInterrupt(), 130, []),
        (typer.Abort(), 130, []),
        (typer.Exit(7), 7, []),
        (typer.BadParameter("is bad"), 2, ["USAGE", "Invalid value: is bad."]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_becomes_a_message_and_a_status(
    command: Callable[[Callable[[], None]], None],
    capsys: Output,
    error: BaseException,
    status: int,
    parts: list[str],
) -> None:
    command(_raising(error))

    found = run(["probe"])

    shown = capsys.readouterr()
    assert found == status
    assert shown.out == ""
    assert all(part in shown.err for part in parts)
    assert "Traceback" not in shown.err
    assert CANARY not in shown.err


@pytest.mark.parametrize(
    ("arguments", "message", "fix"),
    [
        (["chek"], "There is no command 'chek'.", "Did you mean `router check`?"),
        (["zzz"], "There is no command 'zzz'.", "Commands: check, run,"),
        (["check", "--outptu", "json", "x"], "No such option: --outptu.", "Did you mean --output?"),
        (["--versoin"], "No such option: --versoin.", "Did you mean --version?"),
        (["check"], "Missing argument 'PATH'.", "See `router check --help`."),
        (["check", "a", "b"], "Got unexpected extra argument", "See `router check --help`."),
        (["check", "a", "--output", "xml"], "'xml' is not one of 'table', 'json'.", "See `router check --help`."),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(capsys: Output, arguments: list[str], message: str, fix: str) -> None:
    status = run(arguments)

    shown = capsys.readouterr()
    assert status == 2
    assert "error USAGE" in shown.err
    assert message in shown.err
    assert fix in shown.err


def test_a_missing_file_is_a_configuration_error(tmp_path: Path, capsys: Output) -> None:
    status = run(["check", str(tmp_path / "nowhere.yaml")])

    assert status == 2
    assert "CONFIG_NOT_FOUND" in capsys.readouterr().err


def test_an_unknown_log_level_is_a_configuration_error(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")

    status = run(["check", str(write(tmp_path, VALID))])

    assert status == 2
    assert "LOG_LEVEL" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_the_version_is_shown(capsys: Output, arguments: list[str]) -> None:
    status = run(arguments)

    assert status == 0
    assert capsys.readouterr().out.strip().count(".") == 2


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_names_every_command(capsys: Output, arguments: list[str]) -> None:
    status = run(arguments)

    shown = capsys.readouterr().out
    assert status == 0
    assert all(f" {name} " in shown for name in COMMANDS)


def _python(code: str, *, pipe: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    if pipe:
        command = ["bash", "-c", f'set -o pipefail; "{sys.executable}" -c "$0" | {pipe}', code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  own arguments


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "router", "nonsense"], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    assert "error USAGE" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    done = _python(
        "import sys; from router.cli import app; app.PROBE = lambda: print('x' * 10_000_000);"
        "app.COMMANDS['probe'] = app.Command('router.cli.app', 'PROBE', ''); sys.exit(app.run(['probe']))",
        pipe="head -c 1",
    )

    assert done.returncode == 1
    assert done.stderr == ""


def test_checking_imports_neither_kafka_nor_a_server() -> None:
    done = _python(
        "import sys, router.cli.check, router.cli.app; heavy = 'confluent_kafka', 'structlog', 'uvloop', 'aiohttp';"
        "print([name for name in heavy if name in sys.modules])"
    )

    assert done.stdout.strip() == "[]"
