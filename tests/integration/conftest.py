"""What several integration tests share: a Vault, with a PostgreSQL that it makes credentials for; an S3 server."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from router.dev.stack import Ports, Stack
from tests.integration.s3_server import S3Server, s3_server
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


@pytest.fixture(scope="session")
def s3(choose_ports: Callable[[], Ports]) -> Iterator[S3Server]:
    """An S3 server. The first one of a user builds it, which takes two minutes."""
    with s3_server(choose_ports().kafka) as server:
        yield server
