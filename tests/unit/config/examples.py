"""A valid configuration to make mistakes in, and the small connectors that it uses."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from router.api import (
    Batch,
    ConnectorConfig,
    ConnectorError,
    Emit,
    Guarantee,
    Position,
    Reason,
    ReceiverConnector,
    Record,
    Request,
    Secret,
    SinkConnector,
    SourceConnector,
    Stream,
)
from router.config.faults import ConfigError, Fault
from router.config.load import load

VALID = """\
name: shop
kafka:
  bootstrap_servers: 127.0.0.1:9092
  registry_url: http://127.0.0.1:8081
sources:
  github:
    connector: hook
    scopes:
      topics: [github.v1]
      secrets: ["${env:HOOK_SECRET}"]
    config:
      path: /hooks/github
      verify: {scheme: plain, secret: "${env:HOOK_SECRET}"}
    routes:
      - when: type == "ping"
        drop: true
      - topic: github.v1
        key: subject
sinks:
  store:
    connector: table
    topics: [github.v1]
    scopes:
      topics: [github.v1]
      secrets: ["${env:DB_PASSWORD}"]
      hosts: ["127.0.0.1:5432"]
    config:
      host: 127.0.0.1
      port: 5432
      password: ${env:DB_PASSWORD}
"""

FETCHED = """\
sources:
  items:
    connector: pull
    scopes:
      topics: [items.v1]
    routes:
      - topic: items.v1
"""
"""Another source, to be put in place of the line `sources:`."""


class Plain(ConnectorConfig):
    """A scheme with one secret."""

    scheme: Literal["plain"]
    secret: Secret = Field(description="What requests are signed with.")


class Keyed(ConnectorConfig):
    """A scheme with named secrets."""

    scheme: Literal["keyed"]
    secrets: dict[str, Secret]


class HookConfig(ConnectorConfig):
    """A receiver's settings."""

    path: str = Field(pattern="^/", description="Where it lives.")
    verify: Annotated[Plain | Keyed, Field(discriminator="scheme")]
    tolerance_seconds: float = Field(300, ge=0, le=900, description="How old a request may be.")


def _lowercase(name: str) -> str:
    if name != name.lower():
        message = f"{name} is not in lower case"
        raise ValueError(message)
    return name


class TableConfig(ConnectorConfig):
    """A sink's settings."""

    host: str
    port: int = Field(5432, ge=1, le=65535, description="The database's port.")
    password: Secret
    table: Annotated[str, AfterValidator(_lowercase)] = "events"
    secrets: tuple[Secret, ...] = ()


class Hook:
    """A receiver that has nothing to say."""

    def receive(self, request: Request) -> Sequence[Record]:
        return ()


class Pull:
    """A source that finds nothing."""

    async def run(self, emit: Emit, checkpoints: Mapping[str, Position]) -> None:
        return


class Table:
    """A sink that keeps nothing."""

    async def write(self, batch: Batch) -> int:
        return 0


def open_hook(config: HookConfig, name: str) -> Hook:
    secret = config.verify.secret if isinstance(config.verify, Plain) else config.verify.secrets["a"]
    if len(secret.reveal()) < 8:
        raise ConnectorError(Reason.SECRET_UNUSABLE, f"{secret.reference} is too short.", fix="Use 8 characters.")
    return Hook()


@asynccontextmanager
async def open_pull(config: ConnectorConfig, name: str) -> AsyncIterator[Pull]:
    yield Pull()


async def check_pull(config: ConnectorConfig) -> None:
    return


async def discover_pull(config: ConnectorConfig) -> Sequence[Stream]:
    return ()


@asynccontextmanager
async def open_table(config: TableConfig, name: str) -> AsyncIterator[Table]:
    yield Table()


HOOK = ReceiverConnector("hook", "1.0", "Takes requests", HookConfig, open_hook, lambda config: str(config.path))
PULL = SourceConnector(
    "pull", "1.0", "Asks for news", ConnectorConfig, open_pull, lambda _config: (), check_pull, discover_pull
)
STREAM = replace(PULL, name="stream", streams_on=True)
TABLE = SinkConnector(
    "table",
    "1.0",
    "Writes rows",
    TableConfig,
    open_table,
    lambda config: (f"{config.host}:{config.port}",),
    Guarantee.AT_LEAST_ONCE,
    500,
)


def withheld(reference: str) -> str:
    """A store that loading must not ask."""
    raise AssertionError(reference)


def write(folder: Path, text: str, name: str = "router.yaml") -> Path:
    """The text as a file."""
    path = folder / name
    path.write_text(text)
    return path


def replaced(old: str, new: str) -> str:
    """The valid configuration with a mistake in it."""
    assert VALID.count(old) >= 1
    return VALID.replace(old, new, 1)


def faults(path: Path) -> tuple[Fault, ...]:
    """What is wrong with the configuration."""
    try:
        load(path, resolve=withheld)
    except ConfigError as error:
        return error.faults
    return ()
