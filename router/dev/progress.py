"""What the stack is doing, shown as bars on a terminal and as lines elsewhere."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

_MEBIBYTE = 1024 * 1024
_PARTS = 4


class Progress(Protocol):
    """Shows what the stack is doing. Called from several threads."""

    def say(self, text: str) -> None:
        """One line: something has begun or ended."""

    def download(self, title: str, total_bytes: int) -> AbstractContextManager[Callable[[int], None]]:
        """Around one download; the function is called with the number of bytes that have arrived since."""


class LineProgress:
    """Plain lines: one when a download begins, one for each quarter of it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        """Print the line."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def download(self, title: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        """Print a line for each quarter."""
        lock = threading.Lock()
        arrived = 0

        def advance(count: int) -> None:
            nonlocal arrived
            with lock:
                part_before = arrived * _PARTS // total_bytes
                arrived += count
                part = arrived * _PARTS // total_bytes
            if part > part_before:
                self.say(f"  {title}: {arrived / _MEBIBYTE:.0f} of {total_bytes / _MEBIBYTE:.0f} MiB")

        self.say(f"Downloading {title} ({total_bytes / _MEBIBYTE:.0f} MiB)")
        yield advance


class BarProgress:
    """A bar for each download, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        """Print the line."""
        self._console.print(text, markup=False, highlight=False)

    @contextmanager
    def download(self, title: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        """Show the bar as long as it lasts."""
        columns = (
            TextColumn("Downloading {task.description}"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
        )
        with Bars(*columns, console=self._console) as bars:
            task = bars.add_task(title, total=total_bytes)
            yield lambda count: bars.advance(task, count)


def progress_on(console: Console) -> Progress:
    """Bars if the console is a terminal, lines if not."""
    return BarProgress(console) if console.is_terminal else LineProgress(console)
