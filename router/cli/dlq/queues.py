"""`router dlq queues`: every queue of dead letters at one look."""

import json
from datetime import UTC, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from router.cli.console import out, printable
from router.cli.dlq.queue import ConfigPath, OutputOption, Queue, is_json, queues, read
from router.dlq.selection import Filter

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def list_queues(path: ConfigPath, output: OutputOption = "table") -> None:
    """Show every queue of dead letters that the configuration has: how many are open, why, and since when."""
    as_json = is_json(output)
    told = [_summary(queue) for queue in queues(read(path))]
    if as_json:
        out.print_json(json.dumps(told))
        return
    table = Table(title="Dead letters", title_justify="left")
    table.add_column("of", overflow="fold")
    for column in ("open", "last hour", "parked"):
        table.add_column(column, justify="right")
    for column in ("oldest", "by reason"):
        table.add_column(column, overflow="fold")
    for one in told:
        reasons = ", ".join([f"{reason} {count}" for reason, count in one["reasons"].items()])
        table.add_row(
            Text(f"{one['kind']} {one['name']}"),
            Text(str(one["open"]), "red" if one["open"] else "green"),
            str(one["last_hour"]),
            str(one["parked"]),
            "" if one["oldest"] is None else age(datetime.fromisoformat(one["oldest"])),
            Text(printable(reasons)),
        )
    out.print(table)


def age(moment: datetime) -> str:
    """How long ago it was, in the largest unit that fits."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{max(0, seconds):.0f} s ago"


def _summary(queue: Queue) -> dict[str, Any]:
    with queue.index() as index:
        groups = index.groups(Filter(), "reason", parked_from=queue.parked_from)
        resolved = index.resolved()
    oldest = min((group.oldest for group in groups), default=None)
    return {
        "kind": queue.kind,
        "name": queue.owner,
        "topic": queue.topic,
        "open": sum(group.open for group in groups),
        "last_hour": sum(group.recent for group in groups),
        "parked": sum(group.parked for group in groups),
        "oldest": None if oldest is None else oldest.isoformat(timespec="seconds"),
        "reasons": {group.value: group.open for group in groups},
        "resolved": {str(outcome): count for outcome, count in resolved.items()},
    }
