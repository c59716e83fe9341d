"""`router dlq discard`: give dead letters up, for a reason that is kept."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from router.cli.console import out
from router.cli.dlq.audited import audited
from router.cli.dlq.choice import choosing
from router.cli.dlq.letters import show_letters
from router.cli.dlq.queue import ConfigPath, OwnerName, bar, queue_of, read, who
from router.dlq import following
from router.dlq.markers import Outcome, Resolution
from router.dlq.replay import Work, resolve
from router.dlq.selection import Filter


@choosing
def discard_letters(
    path: ConfigPath,
    wanted: Filter,
    why: Annotated[str, typer.Option("--why", help="Why nobody needs them any more; it is kept.")],
    owner: OwnerName = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be discarded, and do nothing.")] = False,
) -> None:
    """Discard dead letters: they stay in their topic, but are no longer open, and nothing puts them back."""
    loaded = read(path)
    queue = queue_of(loaded, owner)
    if dry_run:
        with queue.index() as index:
            count, first = index.count(wanted), index.letters(wanted, 20)
        show_letters(f"{count} dead letters of {queue.owner} would be discarded", first, queue.parked_from)
        out.print("Nothing was done.")
        return
    resolution = Resolution(Outcome.DISCARDED, who(), why, datetime.now(UTC))
    work = Work(queue.servers, queue.topic, None, resolution, directory=following.default_directory())
    with bar(f"Discarding of {queue.owner}") as progress:
        count = audited(
            loaded.pipeline, "dlq discard", queue.owner, why, lambda: resolve(work, wanted, progress=progress)
        )
    out.print(f"{count} discarded.")
