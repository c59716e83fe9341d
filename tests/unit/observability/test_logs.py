"""Logs say where an error happened, and never what was being handled."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from router.observability.logs import configure

CANARY = "canary-4f1c"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


def fail(payload: str) -> None:
    raise ValueError(payload)


@pytest.mark.parametrize("form", ["json", "pretty"])
@pytest.mark.parametrize("library", [True, False])
def test_an_exception_is_logged_without_its_text_or_variables(
    capsys: pytest.CaptureFixture[str], form: str, library: bool
) -> None:
    configure("info", form)

    try:
        fail(CANARY)
    except ValueError:
        if library:
            logging.getLogger("some.library").exception("it failed")
        else:
            structlog.get_logger("ours").exception("it failed")

    written = capsys.readouterr().err
    assert "ValueError" in written
    assert "test_logs.py" in written
    assert CANARY not in written


def test_json_lines_can_be_parsed_whatever_an_id_holds(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")

    structlog.get_logger("ours").info("request refused", endpoint='a"\r\n\x1b[31m{"b": 1}')

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["endpoint"] == 'a"\r\n\x1b[31m{"b": 1}'
