"""`router dlq replay`: put dead letters back to the sink that refused them, without a plan."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from router.cli.console import out
from router.cli.dlq.audited import audited
from router.cli.dlq.choice import choosing
from router.cli.dlq.letters import show_letters
from router.cli.dlq.queue import ConfigPath, OwnerName, Queue, bar, read, sink_queue, who
from router.dlq import following
from router.dlq.markers import Outcome, Resolution
from router.dlq.replay import Work, resolve
from router.dlq.selection import Filter

ParkedOption = Annotated[
    bool, typer.Option("--parked", help="Those, too, that have been refused so often that they are parked.")
]
WhyOption = Annotated[str, typer.Option("--why", help="Why, for the audit.")]
RateOption = Annotated[float | None, typer.Option("--rate", min=0.1, help="At most so many events a second.")]


@choosing
def replay_letters(
    path: ConfigPath,
    wanted: Filter,
    owner: OwnerName = None,
    parked: ParkedOption = False,
    rate: RateOption = None,
    why: WhyOption = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be put back, and do nothing.")] = False,
) -> None:
    """Put dead letters back to the sink that refused them. Giving the command twice puts nothing back twice."""
    loaded = read(path)
    queue = sink_queue(loaded, owner)
    meant = unless_parked(queue, wanted, parked=parked)
    if dry_run:
        with queue.index() as index:
            count, first = index.count(meant), index.letters(meant, 20)
        show_letters(f"{count} dead letters of {queue.owner} would be put back", first, queue.parked_from)
        out.print(f"{count} would be put back. Nothing was done.")
        return
    resolution = Resolution(Outcome.PUT_BACK, who(), why, datetime.now(UTC))
    directory = following.default_directory()
    work = Work(queue.servers, queue.topic, queue.replay, resolution, events_per_second=rate, directory=directory)
    with bar(f"Replaying to {queue.owner}") as progress:
        count = audited(
            loaded.pipeline, "dlq replay", queue.owner, why, lambda: resolve(work, meant, progress=progress)
        )
    out.print(f"{count} put back.")


def unless_parked(queue: Queue, wanted: Filter, *, parked: bool) -> Filter:
    """Those that are meant, without the parked ones unless these are asked for, or one by its id."""
    if parked or queue.parked_from is None or wanted.id is not None:
        return wanted
    return replace(wanted, attempts=queue.parked_from - 1)
