"""What several integration tests share: a Vault, with a PostgreSQL that it makes credentials for."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from router.dev.stack import Ports, Stack
from tests.integration.vault_lab import VaultLab


@pytest.fixture(scope="session")
def vault_lab(choose_ports: Callable[[], Ports]) -> Iterator[VaultLab]:
    """A stack of its own, since most tests need no Vault. The first one of a user builds it, which takes minutes."""
    components = frozenset({"vault", "postgres"})
    with (
        tempfile.TemporaryDirectory(prefix="con-stack-") as home,
        Stack(Path(home), choose_ports(), components=components) as stack,
    ):
        yield VaultLab(stack.start(), Path(home))
