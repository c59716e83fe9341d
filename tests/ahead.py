"""Builds what the last tests need, while the first ones run: `python -m tests.ahead`.

On a machine that has never run them, Vault, Helm, promtool and the S3 server take longer to compile than many tests
take to wait.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from router.dev.places import default_cache
from router.dev.progress import LineProgress
from router.dev.vault_build import VaultBuild
from tests.helm.programs import HELM, PROMTOOL
from tests.integration.s3_server import VERSITYGW

_ROOT = Path(__file__).parent
_HELM = _ROOT / "helm"
_NEED_VAULT = frozenset(
    {"test_dev_vault.py", "test_faults.py", "test_postgres_vault.py", "test_secret_canary.py", "test_vault.py"}
)
_NEED_S3 = frozenset({"test_object_store_faults.py", "test_object_store_sink.py"})
_POLITE = 19


def last(items: list[pytest.Item]) -> None:
    """Put the tests that need what is built behind all others."""
    items.sort(key=_needs_a_build)


def start(items: Sequence[pytest.Item]) -> subprocess.Popen[bytes] | None:
    """Begin to build, if these are all tests: whoever runs a few gets what they need when they need it."""
    needing = [item.path for item in items if _needs_a_build(item)]
    if len(needing) == len(items) or not any(_HELM in path.parents for path in needing):
        return None
    return subprocess.Popen([sys.executable, "-m", "tests.ahead"], cwd=_ROOT.parent)


def _needs_a_build(item: pytest.Item) -> bool:
    return _HELM in item.path.parents or item.path.name in _NEED_VAULT | _NEED_S3


if __name__ == "__main__":
    os.nice(_POLITE)
    HELM.path()
    PROMTOOL.path()
    VERSITYGW.path()
    VaultBuild(default_cache(), LineProgress(Console(stderr=True)), threading.Event()).programs()
