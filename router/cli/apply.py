"""`router apply`: make the connectors what a configuration declares."""

import asyncio
import getpass
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from router.api import ConnectorError
from router.cli.console import out, printable
from router.config.load import load_offline
from router.config.loaded import Loaded
from router.config.models import AccessRole
from router.control.declare import Action, Step, declared, plan
from router.control.declare import apply as apply_steps
from router.control.store import ConnectorStore
from router.kafka.topics import Topics
from router.rest.access import Caller
from router.rest.audit import open_audit
from router.runtime.topics import control_topics

_COLOURS = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DELETE: "red", Action.UNCHANGED: "dim"}


def apply(
    path: Annotated[
        Path, typer.Argument(help="The configuration: a YAML file, or a directory of them.", metavar="PATH")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and change nothing.")] = False,
) -> None:
    """Show what would change, and change it: connectors that a file declared are made what it says now."""
    loaded = load_offline(path)
    asyncio.run(_apply(loaded, dry_run=dry_run))


async def _apply(loaded: Loaded, *, dry_run: bool) -> None:
    pipeline = loaded.pipeline
    store = ConnectorStore(pipeline.kafka.bootstrap_servers, pipeline.name)
    caller = _caller()
    steps = plan(await store.read(), declared(loaded), caller.name)
    changes = [step for step in steps if step.action is not Action.UNCHANGED]
    _show(steps)
    if dry_run or not changes:
        out.print("Nothing was changed." if dry_run else "Nothing to change.")
        return
    await Topics(pipeline.kafka.bootstrap_servers).ensure(control_topics(pipeline))
    await _make(loaded, store, changes, caller)
    out.print(f"{len(changes)} connector{'s' if len(changes) > 1 else ''} changed.")


async def _make(loaded: Loaded, store: ConnectorStore, changes: Sequence[Step], caller: Caller) -> None:
    pipeline = loaded.pipeline
    async with open_audit(pipeline.kafka.bootstrap_servers, pipeline.name) as audit:
        for step in changes:
            action = f"apply: {step.action}"
            try:
                await apply_steps(store, [step])
            except ConnectorError as error:
                await audit.write(caller, action, step.name, "failed", error.message)
                raise
            await audit.write(caller, action, step.name, "done", ", ".join(step.changed))


def _caller() -> Caller:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        user = "unknown"
    return Caller(user, AccessRole.ADMIN, socket.gethostname())


def _show(steps: Sequence[Step]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("Plan", "Connector", "Kind", "Settings that change"):
        table.add_column(column, overflow="fold")
    for step in steps:
        colour = _COLOURS[step.action]
        table.add_row(
            Text(step.action, colour), Text(step.name, "cyan"), step.kind, Text(printable(", ".join(step.changed)))
        )
    if steps:
        out.print(table)
