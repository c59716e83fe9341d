"""`router dlq groups`: dead letters by what they have in common."""

import json
from typing import Annotated, Literal, get_args

import typer
from rich.table import Table
from rich.text import Text

from router.api import ConnectorError, Reason
from router.cli.console import out, printable
from router.cli.dlq.choice import choosing
from router.cli.dlq.queue import ConfigPath, OutputOption, OwnerName, is_json, queue_of, read
from router.cli.dlq.queues import age
from router.dlq.index import By
from router.dlq.selection import Filter

_Name = Literal["reason", "class", "stage", "message", "type", "tenant"]
_COLUMNS: dict[str, By] = {"class": "error_class", "message": "shape", "type": "event_type"}


@choosing
def list_groups(
    path: ConfigPath,
    wanted: Filter,
    owner: OwnerName = None,
    by: Annotated[str, typer.Option("--by", help="reason, class, stage, message, type or tenant.")] = "message",
    output: OutputOption = "table",
) -> None:
    """Group open dead letters, the most first. Messages are the same if only ids, numbers and quoted text differ."""
    if by not in get_args(_Name):
        raise ConnectorError(
            Reason.USAGE, f"--by {by!r} is not known.", fix=f"Use one of {', '.join(get_args(_Name))}."
        )
    as_json, queue = is_json(output), queue_of(read(path), owner)
    column: By = _COLUMNS.get(by, by)  # type: ignore[arg-type]  # the others are called as they are
    with queue.index() as index:
        groups = index.groups(wanted, column, parked_from=queue.parked_from)
    if as_json:
        shown = [
            group._asdict() | {"oldest": group.oldest.isoformat(), "newest": group.newest.isoformat()}
            for group in groups
        ]
        out.print_json(json.dumps(shown))
        return
    table = Table(title=f"Open dead letters of {queue.owner}", title_justify="left")
    table.add_column(by, overflow="fold")
    for name in ("open", "last hour", "parked"):
        table.add_column(name, justify="right")
    for name in ("oldest", "newest"):
        table.add_column(name)
    for group in groups:
        counts = [str(count) for count in (group.open, group.recent, group.parked)]
        table.add_row(Text(printable(group.value or "none"), "red"), *counts, age(group.oldest), age(group.newest))
    out.print(table)
