"""`router check`: faults as a table or as JSON, a summary, and exit statuses."""

import json
from pathlib import Path

import pytest

from router.cli.app import run
from tests.unit.config.examples import VALID, replaced, write

Output = pytest.CaptureFixture[str]


def test_a_valid_configuration_is_shown_as_a_tree(tmp_path: Path, capsys: Output) -> None:
    status = run(["check", str(write(tmp_path, VALID))])

    shown = capsys.readouterr()
    assert status == 0
    assert "github  hook at /hooks/github" in shown.out
    assert "github.v1" in shown.out
    assert "store  table to 127.0.0.1:5432, at least once" in shown.out
    assert "router.yaml is valid: 1 source, 1 sink." in shown.out


def test_topics_without_a_reader_or_writer_here_are_marked(tmp_path: Path, capsys: Output) -> None:
    text = VALID.replace("    topics: [github.v1]\n    scopes:\n      topics: [github.v1]", "    topics: [b.v1]\n"
                         "    scopes:\n      topics: [b.v1]")  # fmt: skip

    status = run(["check", str(write(tmp_path, text))])

    shown = capsys.readouterr()
    assert status == 0
    assert "read by no sink here" in shown.out
    assert "written elsewhere" in shown.out


def test_faults_are_a_table_on_stderr_and_the_status_is_2(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path, replaced("port: 5432", "prot: 5432").replace("connector: hook", "connector: hok"))

    status = run(["check", str(file)])

    shown = capsys.readouterr()
    flat = "".join(shown.err.split())
    assert status == 2
    assert shown.out == ""
    for part in (
        "router.yaml:29",
        "CONFIG_KEY_UNKNOWN",
        "sinks.store.config.prot",
        "fixDidyoumean`port`?",
        "CONNECTOR_UNKNOWN",
    ):
        assert part in flat
    assert "2 faults." in shown.err


def test_of_very_many_faults_the_first_are_shown(tmp_path: Path, capsys: Output) -> None:
    text = VALID + "".join(f"extra{number}: 1\n" for number in range(150))

    status = run(["check", str(write(tmp_path, text))])

    shown = capsys.readouterr()
    assert status == 2
    assert "... and 50 more." in shown.err
    assert "150 faults." in shown.err


def test_json_lists_the_faults_on_stdout(tmp_path: Path, capsys: Output) -> None:
    file = write(tmp_path, replaced("port: 5432", "port: 0"))

    status = run(["check", str(file), "--output", "json"])

    assert status == 2
    assert json.loads(capsys.readouterr().out) == [
        {
            "reason": "CONFIG_INVALID",
            "path": "sinks.store.config.port",
            "message": "Input should be greater than or equal to 1.",
            "fix": "Expected: The database's port.",
            "file": str(file),
            "line": 29,
        }
    ]


def test_json_of_a_valid_configuration_is_an_empty_list(tmp_path: Path, capsys: Output) -> None:
    status = run(["check", str(write(tmp_path, VALID)), "--output", "json"])

    assert status == 0
    assert json.loads(capsys.readouterr().out) == []


def test_unset_secrets_are_only_a_warning(tmp_path: Path, capsys: Output) -> None:
    status = run(["check", str(write(tmp_path, VALID))])

    assert status == 0
    assert (
        "warning ${env:DB_PASSWORD} is not set. It is used by sinks.store.config.password." in capsys.readouterr().err
    )


def test_unset_secrets_are_faults_if_asked_for(tmp_path: Path, capsys: Output) -> None:
    status = run(["check", "--secrets", "--output", "json", str(write(tmp_path, VALID))])

    found = json.loads(capsys.readouterr().out)
    assert status == 2
    assert [(fault["reason"], fault["line"]) for fault in found] == [("SECRET_NOT_FOUND", 13), ("SECRET_NOT_FOUND", 30)]


def test_a_secret_that_the_source_cannot_use_is_a_fault_if_asked_for(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "zhrt")
    monkeypatch.setenv("DB_PASSWORD", "Canary-4711")

    status = run(["check", "--secrets", "--output", "json", str(write(tmp_path, VALID))])

    shown = capsys.readouterr()
    assert status == 2
    assert [(fault["reason"], fault["line"]) for fault in json.loads(shown.out)] == [("SECRET_UNUSABLE", 13)]
    assert "zhrt" not in shown.out + shown.err


def test_good_secrets_pass_and_are_not_shown(tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "Canary-4711")
    monkeypatch.setenv("DB_PASSWORD", "Canary-4711")

    status = run(["check", "--secrets", str(write(tmp_path, VALID))])

    shown = capsys.readouterr()
    assert status == 0
    assert "Canary" not in shown.out + shown.err


def test_a_hostile_key_cannot_steer_the_terminal(tmp_path: Path, capsys: Output) -> None:
    status = run(["check", str(write(tmp_path, VALID + '"\\e[2J[red]x": 1\n'))])

    shown = capsys.readouterr()
    assert status == 2
    assert "\x1b" not in shown.err
    assert "\\x1b[2J[red]x" in "".join(shown.err.split())
