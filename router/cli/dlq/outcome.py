"""What has become of dead letters that were put back: watched until the sink has dealt with them all."""

import asyncio
import time
from datetime import datetime

from router.cli.console import out, warn
from router.cli.dlq.queue import Queue, bar
from router.dlq.selection import Filter
from router.kafka.groups import Groups
from router.kafka.log import topic_bounds

_LOOK_SECONDS = 0.3
_STALLED_SECONDS = 30


def show_outcome(sink: Queue, topic: str, since: datetime) -> None:
    """Wait for the sink, and print how many were refused again since then. Raises ConnectorError."""
    groups = Groups(sink.servers)
    # The last offset of each partition is the transaction's marker, which no consumer is given.
    ends = {(topic, partition): high - 1 for partition, (_, high) in topic_bounds(sink.servers, topic).items()}
    with bar(f"Waiting for {sink.owner} (Ctrl-C ends the waiting only)") as progress:
        committed = asyncio.run(groups.committed(sink.group))
        total = sum(max(0, end - committed.get(place, 0)) for place, end in ends.items())
        left, moved = total, time.monotonic()
        while left:
            progress(total - left, total)
            time.sleep(_LOOK_SECONDS)
            committed = asyncio.run(groups.committed(sink.group))
            before, left = left, sum(max(0, end - committed.get(place, 0)) for place, end in ends.items())
            if left < before:
                moved = time.monotonic()
            elif time.monotonic() - moved > _STALLED_SECONDS:
                moved = float("inf")
                warn(f"{sink.owner} has taken none for {_STALLED_SECONDS} seconds. Is a worker running?")
    with sink.index() as index:
        again = index.groups(Filter(since=since), "reason")
    if not again:
        out.print(f"[green]{sink.owner} has dealt with all of them, and refused none.[/green]")
        return
    told = ", ".join(f"{group.value} {group.open}" for group in again)
    out.print(f"[red]{sink.owner} has dealt with all of them. Refused since then: {told}.[/red]")
