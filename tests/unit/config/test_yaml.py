"""The YAML reader refuses what surprises, whatever the bytes, and never raises."""

from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import Reason
from router.config.yaml import MAX_BYTES, Document, read, scalar


def _read(folder: Path, content: str | bytes) -> Document:
    file = folder / "x.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(file)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("1e3", 1000.0),
        ("0.5", 0.5),
        *((text, text) for text in ("yes", "no", "on", "off", "y", "True", "NULL")),
        *((text, text) for text in ("010", "0o17", "0x1F", "1_000", "1:30", ".inf", ".nan", "1e400", "9" * 5000)),
        *((text, text) for text in ("2026-01-01", "<<", "=", "+", ".", "e5", "1.2.3")),
    ],
)
def test_only_plain_numbers_and_true_false_null_are_not_text(text: str, value: Any) -> None:
    found = scalar(text)

    assert found == value
    assert type(found) is type(value)


def test_quoted_values_are_text(tmp_path: Path) -> None:
    assert _read(tmp_path, "a: 'true'\nb: \"1\"\nc: |\n  7").data == {"a": "true", "b": "1", "c": "7"}


def test_every_key_and_item_has_its_line(tmp_path: Path) -> None:
    document = _read(tmp_path, "a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n")

    assert document.lines == {
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "c"): 3,
        ("a", "c", 0): 4,
        ("a", "c", 1): 5,
        ("a", "c", 1, "d"): 5,
    }


@pytest.mark.parametrize(
    ("text", "reason", "path", "line"),
    [
        ("a: 1\nb: 2\na: 3", Reason.CONFIG_KEY_DUPLICATE, "a", 3),
        ("a:\n  b: 1\n  b: 1", Reason.CONFIG_KEY_DUPLICATE, "a.b", 3),
        ("a: 1\n'a': 1", Reason.CONFIG_KEY_DUPLICATE, "a", 2),
        ("a: &x 1", Reason.CONFIG_NOT_YAML, "a", 1),
        ("a:\n  - *x", Reason.CONFIG_NOT_YAML, "a[0]", 2),
        ("a: 1\nb: {<<: *x}", Reason.CONFIG_NOT_YAML, 'b."<<"', 2),
        ("a: !!python/object/apply:os.system [ls]", Reason.CONFIG_NOT_YAML, "a", 1),
        ("a: !!str 1", Reason.CONFIG_NOT_YAML, "a", 1),
        ("a: !include x", Reason.CONFIG_NOT_YAML, "a", 1),
    ],
)
def test_a_refused_feature_is_named_with_path_and_line(
    tmp_path: Path, text: str, reason: Reason, path: str, line: int
) -> None:
    document = _read(tmp_path, text)

    assert document.complete
    assert [(fault.reason, fault.path, fault.line) for fault in document.faults] == [(reason, path, line)]
    assert document.faults[0].fix


def test_several_refused_features_are_reported_at_once(tmp_path: Path) -> None:
    document = _read(tmp_path, "a: &x 1\nb: *x\nc: !t 1\na: 2")

    assert [fault.line for fault in document.faults] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a: [1", 1),
        ("a: 'x", 1),
        ("a: 1\n b: 2", 2),
        ("a:\n\t- 1", 2),
        ("a: b: c", 1),
        ("a: @x", 1),
        ("a: 1\n---\nb: 2", 2),
        ("? [a]\n: b", 1),
        ("*a : b", 1),
        ("a: \x01", None),
        (b"a: 1\nb: \xff", 2),
        ("[" * 100_000, 1),
        ("{a: " * 100_000, 1),
        ("- " * 100_000, 1),
        ("x" * (MAX_BYTES + 1), None),
    ],
)
def test_what_cannot_be_read_is_one_fault(tmp_path: Path, content: str | bytes, line: int | None) -> None:
    document = _read(tmp_path, content)

    assert not document.complete
    assert [(fault.reason, fault.line) for fault in document.faults] == [(Reason.CONFIG_NOT_YAML, line)]
    assert document.faults[0].fix


def test_an_unquoted_reference_in_brackets_says_what_to_do(tmp_path: Path) -> None:
    document = _read(tmp_path, "secrets: [${env:X}]")

    assert [fault.fix for fault in document.faults] == ['Inside [ ] and { } a reference needs quotes: "${env:NAME}".']


def test_an_alias_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    started = monotonic()

    document = _read(tmp_path, bomb)

    assert monotonic() - started < 1
    assert len(document.faults) == 10 + 90


def test_an_endless_file_is_not_read_to_its_end() -> None:
    document = read(Path("/dev/zero"))

    assert [fault.reason for fault in document.faults] == [Reason.CONFIG_NOT_YAML]


def test_a_file_that_cannot_be_opened_is_not_found(tmp_path: Path) -> None:
    document = read(tmp_path / "missing")

    assert [fault.reason for fault in document.faults] == [Reason.CONFIG_NOT_FOUND]


@given(content=st.binary(max_size=200) | st.text("ab:-[]{}\"'&*!|>%@`#,? \n\t$", max_size=60).map(str.encode))
def test_any_bytes_give_a_document(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    document = _read(tmp_path_factory.getbasetemp(), content)

    assert document.complete or document.faults
