"""The secret store: values from the environment and from files that are rotated, and errors without values."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from router.api import ConnectorError, Reason
from router.config.environment import environment
from router.config.secrets import CHECK_SECONDS, MAX_BYTES, SecretStore

CANARY = "Canary-4711"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _store(clock: Clock | None = None, variables: Mapping[str, str] | None = None) -> SecretStore:
    return SecretStore(environment(variables or {}), clock=clock or Clock())


def _file(path: Path) -> str:
    return f"${{file:{path}}}"


def _error(store: SecretStore, reference: str) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        store.resolve(reference)
    return caught.value


def test_a_variable_is_resolved() -> None:
    assert _store(variables={"DB": CANARY}).resolve("${env:DB}") == CANARY


@pytest.mark.parametrize("variables", [{}, {"DB": ""}])
def test_a_variable_that_is_unset_or_empty_is_not_found(variables: dict[str, str]) -> None:
    error = _error(_store(variables=variables), "${env:DB}")

    assert error.reason is Reason.SECRET_NOT_FOUND
    assert "${env:DB}" in error.message
    assert error.fix == "Set the environment variable DB."


@pytest.mark.parametrize(
    ("content", "value"), [("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), ("a\n\n", "a\n"), (" s ", " s ")]
)
def test_a_file_is_read_less_one_newline_at_its_end(tmp_path: Path, content: str, value: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content.encode())

    assert _store().resolve(_file(path)) == value


def test_a_rotated_file_is_read_again_after_a_second(tmp_path: Path) -> None:
    path, clock = tmp_path / "secret", Clock()
    path.write_text("old")
    store = _store(clock)
    store.resolve(_file(path))
    path.write_text("newer")

    before = store.resolve(_file(path))
    clock.seconds += CHECK_SECONDS
    after = store.resolve(_file(path))

    assert (before, after) == ("old", "newer")


def test_a_secret_swapped_by_its_link_is_noticed(tmp_path: Path) -> None:
    """As mounted secrets are: the size, and perhaps the time, are the same."""
    clock, link = Clock(), tmp_path / "secret"
    for name, text in (("1", "aaaa"), ("2", "bbbb")):
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, (1, 1))
    link.symlink_to(tmp_path / "1")
    store = _store(clock)
    store.resolve(_file(link))
    link.unlink()
    link.symlink_to(tmp_path / "2")
    clock.seconds += CHECK_SECONDS

    assert store.resolve(_file(link)) == "bbbb"


def test_a_file_is_looked_at_once_a_second_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, clock = tmp_path / "secret", Clock()
    path.write_text("x")
    store = _store(clock)
    store.resolve(_file(path))
    looks: list[Path] = []
    stat = Path.stat

    def counted(self: Path, **options: Any) -> os.stat_result:
        looks.append(self)
        return stat(self, **options)

    monkeypatch.setattr(Path, "stat", counted)

    for _ in range(1000):
        clock.seconds += 0.003
        store.resolve(_file(path))

    assert len(looks) in {2, 3}


def test_a_removed_file_closes_rather_than_going_on_with_the_old_secret(tmp_path: Path) -> None:
    path, clock = tmp_path / "secret", Clock()
    path.write_text("x")
    store = _store(clock)
    store.resolve(_file(path))
    path.unlink()
    clock.seconds += CHECK_SECONDS

    assert _error(store, _file(path)).reason is Reason.SECRET_NOT_FOUND


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.SECRET_NOT_FOUND),
        (b"\n", Reason.SECRET_NOT_FOUND),
        (CANARY.encode() + b"\xff", Reason.SECRET_UNUSABLE),
        (CANARY.encode() * MAX_BYTES, Reason.SECRET_UNUSABLE),
    ],
)
def test_a_file_without_a_usable_text_is_refused_by_name(tmp_path: Path, content: bytes, reason: Reason) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)

    error = _error(_store(), _file(path))

    assert error.reason is reason
    assert _file(path) in error.message
    assert CANARY not in f"{error!r}{error}{error.__cause__!r}{error.__context__!r}"[:100_000]


@pytest.mark.parametrize("name", ["/nowhere/secret", "relative", "/", "/dev/null", "/a\x00b"])
def test_what_is_no_file_is_not_found(name: str) -> None:
    assert _error(_store(), f"${{file:{name}}}").reason is Reason.SECRET_NOT_FOUND


def test_a_pipe_does_not_make_it_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert _error(_store(), _file(tmp_path / "pipe")).reason is Reason.SECRET_NOT_FOUND


@pytest.mark.parametrize("reference", [CANARY, "${vault:x}", "${env:${env:X}}", "${env:}", "x${env:X}", "${env:X}\n"])
def test_what_is_no_reference_is_refused_unseen(reference: str) -> None:
    error = _error(_store(variables={"X": "x"}), reference)

    assert error.reason is Reason.SECRET_NOT_FOUND
    assert CANARY not in str(error)


def test_neither_store_nor_environment_shows_its_values(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(CANARY)
    settings = environment({"DB": CANARY})
    store = SecretStore(settings)
    store.resolve(_file(path))

    assert CANARY not in f"{settings!r}{settings}{store!r}{store}"


def test_the_environment_is_frozen_as_it_was_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    monkeypatch.delenv("LOG_FORMAT", raising=False)
    settings = environment()
    monkeypatch.setenv("LOG_LEVEL", "debug")

    assert (settings.log_level, settings.log_format) == ("warning", "auto")
    assert settings.variables["LOG_LEVEL"] == "WARNING"


@pytest.mark.parametrize("name", ["LOG_LEVEL", "LOG_FORMAT"])
def test_an_unknown_log_setting_is_refused(name: str) -> None:
    with pytest.raises(ConnectorError) as caught:
        environment({name: CANARY})

    assert caught.value.reason is Reason.CONFIG_INVALID
    assert name in caught.value.message
    assert CANARY not in str(caught.value)
