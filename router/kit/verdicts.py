"""A pytest plugin that writes down what became of every claim; `router connector test` loads it."""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from router.kit.suite import FILE_VARIABLE
from router.testing.conformance.declaration import DeclarationClaims

_verdicts: dict[str, dict[str, Any]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note the outcome of a claim: of its test, or of what went wrong before or after it."""
    report = yield
    if report.when == "call" or report.outcome != "passed":
        held = report.outcome == "passed" and _verdicts.get(item.nodeid, {}).get("held", True)
        _verdicts[item.nodeid] = _about(item) | {"held": held, "reason": "" if held else _reason(report, call)}
    return report


def pytest_sessionfinish() -> None:
    """Write the verdicts to the file that the environment names."""
    Path(os.environ[FILE_VARIABLE]).write_text(json.dumps(list(_verdicts.values())))


def _about(item: pytest.Item) -> dict[str, Any]:
    owner = getattr(item, "cls", None)
    function = getattr(item, "function", None)
    claims = isinstance(owner, type) and issubclass(owner, DeclarationClaims)
    text = (function.__doc__ or "").strip().splitlines() if claims and function else []
    return {
        "group": owner.__name__ if isinstance(owner, type) else "",
        "claim": text[0] if text else item.name,
        "test": item.name,
        "connector": owner.connector.name if claims and owner else None,
    }


def _reason(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    if call.excinfo is None:
        return report.longreprtext
    if isinstance(call.excinfo.value, pytest.fail.Exception):
        return str(call.excinfo.value)
    place = call.excinfo.traceback[-1]
    return f"{call.excinfo.exconly()} ({Path(place.path).name}, line {place.lineno + 1})"
