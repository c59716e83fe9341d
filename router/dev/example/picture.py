"""An event's way as a picture, with a number at every place."""

from collections.abc import Mapping

from rich.text import Text

from router.dev.example.canvas import Canvas
from router.dev.example.counts import Counts, SinkCounts

WIDTH = 80
_HEIGHT = 10
_SENDERS, _INGRESS, _TOPICS, _SINK, _DEAD = 0, 14, 28, 43, 63
_SMALL, _WIDE, _LAST = 11, 17, 16
_DELIVERED = {"Postgres": ("Postgres", "rows"), "HTTP": ("HTTP receiver", "accepted")}
_SHOWN_REASONS = 3
_DIM, _GOOD, _BAD, _LOG = "bright_black", "green", "red", "yellow"


def picture(counts: Counts) -> Text:
    """The picture, in 80 columns."""
    canvas = Canvas(WIDTH, _HEIGHT)
    _boxes(canvas, counts)
    _refusals(canvas, counts)
    for row, (label, sink) in zip((0, 4), counts.sinks.items(), strict=True):
        _sink(canvas, row, label, sink, counts.copies)
    for column in (_SENDERS + _SMALL, _INGRESS + _SMALL):
        canvas.put(1, column, "──▶", _DIM)
    canvas.put(1, _TOPICS + _SMALL, "─┬─▶", _DIM)
    for row in range(2, 5):
        canvas.put(row, _TOPICS + _SMALL + 1, "│", _DIM)
    canvas.put(5, _TOPICS + _SMALL + 1, "╰─▶", _DIM)
    return canvas.text()


def _boxes(canvas: Canvas, counts: Counts) -> None:
    for column, title, count, what, style in (
        (_SENDERS, "senders", counts.posted, "posted", "cyan"),
        (_INGRESS, "ingress", counts.accepted, "accepted", "cyan"),
        (_TOPICS, "topics", counts.on_topics, "in Kafka", _LOG),
    ):
        canvas.box(0, column, _SMALL, title, ((str(count), "bold"), (what, _DIM)), style)


def _refusals(canvas: Canvas, counts: Counts) -> None:
    if counts.refused:
        canvas.put(4, _INGRESS, f"▼ {sum(counts.refused.values())} refused", _BAD)
    for row, (reason, count) in enumerate(_most(counts.refused), 5):
        canvas.put(row, _INGRESS - 3, f"{count:>3} {reason:.23}", _BAD)
    if counts.repeated:
        canvas.put(_HEIGHT - 2, _INGRESS - 3, f"{counts.repeated:>3} were there before", _DIM)
    if counts.dropped:
        canvas.put(_HEIGHT - 1, _INGRESS - 3, f"{counts.dropped:>3} dropped by a route", _DIM)


def _most(refused: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(refused.items(), key=lambda item: -item[1])[:_SHOWN_REASONS]


def _sink(canvas: Canvas, row: int, label: str, sink: SinkCounts, copies: int) -> None:
    title, what = _DELIVERED[label]
    repeated = f"duplicates: {copies}" if copies else ""
    canvas.box(row, _SINK, _WIDE, title, ((f"{sink.delivered} {what}", "bold"), (repeated, _DIM)), _GOOD)
    canvas.put(row + 1, _SINK + _WIDE, "──▶", _BAD if sink.dead_lettered else _DIM)
    style = _BAD if sink.dead_lettered else _DIM
    replayed = f"{sink.replayed} replayed" if sink.replayed else ""
    lines = ((str(sink.dead_lettered), "bold"), (replayed, _GOOD))
    canvas.box(row, _DEAD, _LAST, "dead letters", lines, style)
