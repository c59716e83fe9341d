"""The balance as a table: what came in, and what became of it, counted by different hands."""

from collections.abc import Iterator

from rich.table import Table as Grid
from rich.text import Text

from router.dev.example.counts import Counts, Line, balance, closes, ways
from router.dev.example.screen import Screen

_COUNTED = (
    ("received", "202 answers that the senders got, less what a route dropped"),
    ("delivered", "rows by SELECT count(*); requests that the receiver has accepted"),
    ("duplicates", "requests that the ingress recognized, and records whose idempotency key was there before"),
    ("dead-lettered", "open letters on the dead-letter topics"),
)


def show_balance(screen: Screen, before: Counts, after: Counts) -> bool:
    """Show it, before the repair and after the replay; returns whether it closes, both times."""
    screen.step(
        "The balance, to the event",
        "Per sink: received = delivered + duplicates + dead-lettered. Each number is counted by somebody else.",
    )
    if screen.console.is_terminal:
        screen.console.print(_grid(before, after))
    for moment, counts in (("before the repair", before), ("after the replay", after)):
        for line in ways(counts):
            if not screen.console.is_terminal or not line.closes:
                screen.say(f"{moment}, {line}")
        if not screen.console.is_terminal:
            for line in balance(counts):
                screen.say(f"{moment}, {line}")
    for name, how in _COUNTED:
        screen.say(Text.assemble((f"{name:<14}", "bold"), (how, "bright_black")))
    return closes(before) and closes(after)


def _grid(before: Counts, after: Counts) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    grid.add_column("sink")
    grid.add_column("")
    for title in ("received", "= delivered", "+ duplicates", "+ dead-lettered"):
        grid.add_column(title, justify="right")
    grid.add_column("")
    for name, lines in _by_sink(before, after):
        for moment, line in lines:
            verdict = Text("closes", "bold green") if line.closes else Text("DOES NOT CLOSE", "bold red")
            grid.add_row(name, moment, str(line.received), *map(str, line.parts.values()), verdict)
    return grid


def _by_sink(before: Counts, after: Counts) -> Iterator[tuple[str, tuple[tuple[str, Line], ...]]]:
    for first, second in zip(balance(before), balance(after), strict=True):
        yield first.name, (("before", first), ("after", second))
