"""`router check`: validate a configuration without touching anything."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from router.api import ConnectorError
from router.cli.console import out, warn
from router.cli.summary import summary
from router.config.environment import environment
from router.config.faults import ConfigError, Fault
from router.config.load import Loaded, load
from router.config.references import SecretUse
from router.config.secrets import SecretStore


class Output(StrEnum):
    """How the faults are shown."""

    TABLE = "table"
    JSON = "json"


def check(
    path: Annotated[
        Path, typer.Argument(help="The configuration: a YAML file, or a directory of them.", metavar="PATH")
    ],
    output: Annotated[Output, typer.Option(help="`table` for people, `json` for a list of faults on stdout.")] = (
        Output.TABLE
    ),
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Also refuse secrets that are missing here or cannot be used.")
    ] = False,
) -> None:
    """Validate a configuration offline and report every fault at once (exit status 2)."""
    try:
        loaded = _checked(path, secrets=secrets)
    except ConfigError as error:
        if output is not Output.JSON:
            raise
        print(json.dumps([fault.as_dict() for fault in error.faults], indent=2))
        raise typer.Exit(2) from None
    if output is Output.JSON:
        print("[]")
    else:
        _show(path, loaded)


def _checked(path: Path, *, secrets: bool) -> Loaded:
    store = SecretStore(environment())
    loaded = load(path, resolve=store.resolve)
    if secrets:
        faults = asyncio.run(_secret_faults(loaded, store))
        if faults:
            raise ConfigError(faults)
    else:
        for fault in _missing(store, (use for use in loaded.secrets if not use.is_in_vault)):
            warn(f"{fault.message} It is used by {fault.path}.")
    return loaded


async def _secret_faults(loaded: Loaded, store: SecretStore) -> list[Fault]:
    """Dynamic credentials are really made, and given back."""
    settings = loaded.pipeline.vault
    if settings is None:
        return list(_missing(store, loaded.secrets)) or list(_unusable(loaded))
    from router.security.vault import Vault  # noqa: PLC0415  its client takes a while to import, and is needed here only

    vault = Vault(settings)
    store.attach(vault)
    async with vault.running():
        with suppress(ConnectorError):  # each is told by its place
            await vault.prefetch(use.reference for use in loaded.secrets)
        return list(_missing(store, loaded.secrets)) or list(_unusable(loaded))


def _missing(store: SecretStore, uses: Iterable[SecretUse]) -> Iterator[Fault]:
    for use in uses:
        try:
            store.resolve(use.reference)
        except ConnectorError as error:
            yield Fault(error.reason, use.path, error.message, error.fix, use.file, use.line)


def _unusable(loaded: Loaded) -> Iterator[Fault]:
    """Opening a receiver touches nothing, but refuses secrets that its scheme cannot use."""
    for name, receiver in loaded.receivers.items():
        try:
            receiver.connector.open(receiver.config, name)
        except ConnectorError as error:
            path = f"sources.{name}.config"
            near = next((use for use in loaded.secrets if use.path.startswith(f"{path}.")), None)
            file, line = (near.file, near.line) if near else (None, None)
            yield Fault(error.reason, path, error.message, error.fix, file, line)


def _show(path: Path, loaded: Loaded) -> None:
    out.print(summary(loaded))
    counts = ", ".join(
        f"{len(entries)} {kind if len(entries) != 1 else kind.removesuffix('s')}"
        for kind, entries in (("sources", loaded.pipeline.sources), ("sinks", loaded.pipeline.sinks))
    )
    out.print(Text.assemble((path.name or str(path), "bold green"), f" is valid: {counts}."))
