"""What the user sees: headings and sentences that stay, and below them the picture, which moves."""

import time

from rich.console import Console
from rich.live import Live
from rich.rule import Rule
from rich.text import Text

from router.dev.example.counts import Counts
from router.dev.example.picture import WIDTH, picture

_LINE_SECONDS = 2.0


class Screen:
    """On a terminal, a live picture; elsewhere, a line with the numbers every other second."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live: Live | None = None
        self._last_line = 0.0
        self._step = 0

    def step(self, title: str, sentence: str) -> None:
        """Begin a step of the story."""
        self._step += 1
        heading = f"{self._step}  {title}"
        self.console.print()
        if self.console.is_terminal:
            self.console.print(Rule(Text(heading, "bold cyan"), align="left", style="cyan"), width=WIDTH)
        else:
            self.console.print(f"== {heading}", highlight=False)
        self.say(sentence)

    def say(self, text: str | Text, style: str = "") -> None:
        """Text that stays, wrapped on a terminal."""
        shown = Text(text, style) if isinstance(text, str) else text
        if self.console.is_terminal:
            self.console.print(shown, width=WIDTH)
        else:
            self.console.print(shown, soft_wrap=True)

    def literally(self, text: str) -> None:
        """A line to be copied: the terminal breaks it, and not we, so that it is copied in one piece."""
        self.console.print(Text(text), soft_wrap=True)

    def show(self, counts: Counts) -> None:
        """The numbers as they are now."""
        if not self.console.is_terminal:
            if time.monotonic() - self._last_line >= _LINE_SECONDS:
                self._last_line = time.monotonic()
                self.numbers(counts)
            return
        if self._live is None:
            self._live = Live(console=self.console, auto_refresh=False)
            self._live.start()
        drawing = Text("\n").append_text(picture(counts))
        self._live.update(drawing, refresh=True)

    def settle(self, counts: Counts) -> None:
        """The last numbers of the picture; what is said from now on stands below it."""
        if self.console.is_terminal:
            self.show(counts)
            self.close()
        else:
            self.numbers(counts)

    def numbers(self, counts: Counts) -> None:
        """The numbers as a line."""
        refused = sum(counts.refused.values())
        sinks = ", ".join(
            f"{label} {sink.delivered} delivered and {sink.dead_lettered} dead" for label, sink in counts.sinks.items()
        )
        self.console.print(
            f"   {counts.posted} posted, {counts.accepted} accepted, {refused} refused, "
            f"{counts.on_topics} in Kafka; {sinks}",
            highlight=False,
            soft_wrap=True,
        )

    def close(self) -> None:
        """Leave the picture where it is."""
        if self._live is not None:
            self._live.stop()
            self._live = None
