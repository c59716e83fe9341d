"""What runs elsewhere is what runs here: the hooks and the CI script call the tools of the lock."""

import os
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_the_hooks_are_local_and_call_installed_tools() -> None:
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]

    assert [repository["repo"] for repository in repositories] == ["local"]
    for hook in repositories[0]["hooks"]:
        assert hook["language"] == "system"
        tool = hook["entry"].split()[0]
        assert tool.startswith(".venv/bin/")
        assert os.access(ROOT / tool, os.X_OK), tool


def test_the_ci_script_ends_with_the_status_of_make_test(tmp_path: Path) -> None:
    """A `make` that fails stands in for ours: what matters is that its status is not swallowed."""
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\n[ "$*" = test ] && exit 3\necho version\n')
    make.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    ended = subprocess.run(  # noqa: S603  our own script
        [ROOT / ".ci" / "run"], env=environment, input=b"", capture_output=True, check=False, timeout=30
    )

    assert ended.returncode == 3
    assert b"Python 3." in ended.stdout
