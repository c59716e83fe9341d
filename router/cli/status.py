"""`router status`: what every connector of a pipeline is doing."""

import asyncio
import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text

from router.api import ConnectorError, Reason
from router.cli.console import out, printable
from router.config.load import load_offline
from router.config.models import Pipeline
from router.control.store import ConnectorStore, StatusStore
from router.fetching.states import State
from router.monitor.view import read_view
from router.rest.own import described
from router.rest.statuses import View

_EVERY_SECONDS = 2.0
_COLOURS = {
    State.RUNNING: "green",
    State.PAUSED: "yellow",
    State.STOPPED: "yellow",
    State.RESTARTING: "yellow",
    State.UNASSIGNED: "magenta",
    State.FAILED: "bold red",
}


class Output(StrEnum):
    """How the states are shown."""

    TABLE = "table"
    JSON = "json"


def status(
    path: Annotated[
        Path, typer.Argument(help="The configuration: a YAML file, or a directory of them.", metavar="PATH")
    ],
    output: Annotated[Output, typer.Option(help="`table` for people, `json` for programs.")] = (Output.TABLE),
    watch: Annotated[bool, typer.Option("--watch", help="Show it anew every two seconds, until interrupted.")] = False,
) -> None:
    """Show what every connector is doing, from the topics; exit status 1 if one has FAILED."""
    pipeline = load_offline(path).pipeline
    if watch and output is Output.JSON:
        raise ConnectorError(Reason.USAGE, "--watch shows a table only.", fix="Leave out one of the two.")
    if watch:
        _watch(pipeline)
    connectors = _read(pipeline)
    if output is Output.JSON:
        print(json.dumps(connectors, indent=2))
    elif connectors:
        out.print(_table(connectors))
    else:
        out.print("There are no connectors yet.")
    if any(connector["state"] == State.FAILED for connector in connectors):
        raise typer.Exit(1)


def _watch(pipeline: Pipeline) -> None:
    with Live(_table(_read(pipeline)), console=out, auto_refresh=False) as live:
        while True:
            time.sleep(_EVERY_SECONDS)
            live.update(_table(_read(pipeline)), refresh=True)


def _read(pipeline: Pipeline) -> list[dict[str, Any]]:
    return asyncio.run(_connectors(pipeline))


async def _connectors(pipeline: Pipeline) -> list[dict[str, Any]]:
    servers, name = pipeline.kafka.bootstrap_servers, pipeline.name
    view = View.at_present(await ConnectorStore(servers, name).read(), await StatusStore(servers, name).read())
    flows = await read_view(servers, name)
    return [
        described(view, connector) | {"flow": asdict(flows[connector]) if connector in flows else None}
        for connector in sorted(view.connectors.entries)
    ]


def _table(connectors: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("Connector", "Kind", "State", "Task", "Worker", "Since"):
        table.add_column(column, no_wrap=True)
    for column in ("Events/s", "Lag"):
        table.add_column(column, no_wrap=True, justify="right")
    table.add_column("Error", overflow="fold")
    for connector in connectors:
        _add(table, connector)
    return table


def _add(table: Table, connector: dict[str, Any]) -> None:
    """One line for each task; a connector that is stopped has one line all the same."""
    kind = f"{connector['kind']}.{connector['connector']}"
    tasks = connector["tasks"]
    if connector["target"] == State.STOPPED:
        tasks = [task for task in tasks if task["state"] == State.FAILED] or [{"id": "", "state": State.STOPPED}]
    for index, task in enumerate(tasks):
        first = index == 0
        table.add_row(
            Text(printable(connector["name"] if first else ""), "cyan"),
            Text(printable(kind if first else "")),
            Text(task["state"], _COLOURS[State(task["state"])]),
            str(task["id"]),
            Text(printable(task.get("worker") or "-")),
            _ago(task.get("since")),
            *(_flow(connector["flow"]) if first else ("", "")),
            Text(printable(task.get("error") or "")),
        )


def _flow(flow: dict[str, Any] | None) -> tuple[str, str]:
    """Events a second, and events that wait, as the monitor said last."""
    if flow is None:
        return "-", "-"
    return f"{flow['events_per_second']:,.1f}", "-" if flow["lag"] is None else f"{flow['lag']:,}"


def _ago(since: str | None) -> str:
    """How long ago, in the largest unit."""
    if not since:
        return "-"
    seconds = max(0, int((datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
