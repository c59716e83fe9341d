import hashlib
import re

import pytest

from router.cli.app import run


def test_a_token_goes_to_stdout_and_its_hash_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    status = run(["token", "ci", "--role", "operator"])

    out, err = capsys.readouterr()
    made = out.strip()
    assert status == 0
    assert re.fullmatch(r"rt_[A-Za-z0-9_-]{43}", made)
    assert f"{{name: 'ci', role: operator, sha256: {hashlib.sha256(made.encode()).hexdigest()}}}" in err
    assert made not in err


def test_each_token_is_another(capsys: pytest.CaptureFixture[str]) -> None:
    tokens = []
    for _ in range(2):
        run(["token", "ci", "--role", "viewer"])
        tokens.append(capsys.readouterr().out)

    assert tokens[0] != tokens[1]


@pytest.mark.parametrize(
    "arguments", [["", "--role", "viewer"], ["ci", "--role", "king"], ["ci"], ["\x1b[2J", "--role", "admin"]]
)
def test_a_name_or_role_that_cannot_be_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["token", *arguments]) == 2
    assert capsys.readouterr().out == ""
