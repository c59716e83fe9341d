"""Runs the conformance suite of a package, in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from router.api import ConnectorError, Reason

FILE_VARIABLE = "ROUTER_VERDICTS_FILE"
"""Where the plugin `router.kit.verdicts` writes what it has seen."""
_SHOWN_CHARACTERS = 4_000
_SUITE_DOES_NOT_RUN = "The tests of {} cannot be run:\n{}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a claim.

    group: the test class. connector: whose claim it is; None for a test of the author's own. reason: why it is broken.
    """

    group: str
    claim: str
    test: str
    connector: str | None
    held: bool
    reason: str


def run_suite(package: Path) -> Sequence[Verdict]:
    """Run the tests of the package in the directory. Raises ConnectorError (USAGE) if there is nothing to run."""
    if find_spec("pytest") is None:
        message = "pytest is not installed, and the conformance suite runs in it."
        raise ConnectorError(Reason.USAGE, message, fix="Run `pip install 'northfield-con[test]'`.")
    if not package.is_dir():
        message = f"{package} is no directory."
        raise ConnectorError(Reason.USAGE, message, fix="Give the directory of the connector's package.")
    with tempfile.TemporaryDirectory(prefix="con-verdicts-") as directory:
        file = Path(directory) / "verdicts.json"
        output = _run(package, file)
        verdicts = [Verdict(**entry) for entry in json.loads(file.read_text())] if file.exists() else []
    if not verdicts:
        raise ConnectorError(Reason.USAGE, _SUITE_DOES_NOT_RUN.format(package, output[-_SHOWN_CHARACTERS:]))
    if all(verdict.connector is None for verdict in verdicts):
        message = f"The tests of {package} have no conformance suite."
        fix = "Let a test class inherit SourceClaims, ReceiverClaims, AtLeastOnceClaims or ExactlyOnceClaims."
        raise ConnectorError(Reason.USAGE, message, fix=fix)
    return verdicts


def _run(package: Path, verdicts: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "router.kit.verdicts", "--quiet", "--tb=short", "--color=no"]
    done = subprocess.run(  # noqa: S603  ours, and the package that the user names
        command,
        cwd=package,
        env={**os.environ, FILE_VARIABLE: str(verdicts)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.strip()
