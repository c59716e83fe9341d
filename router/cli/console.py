"""The terminal, and how every command shows what went wrong."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from router.api import ConnectorError, ErrorClass
from router.config.faults import ConfigError, Fault

SHOWN_FAULTS = 100
_PLAIN_WIDTH = 120

out = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
err = Console(stderr=True, width=None if sys.stderr.isatty() else _PLAIN_WIDTH, highlight=False)


def fail(error: ConnectorError | ConfigError) -> int:
    """Show the error on stderr, and return the exit status: 2 if configuration or usage is wrong, else 1."""
    if isinstance(error, ConfigError):
        show_faults(error.faults)
        return 2
    err.print(Text.assemble(("error ", "bold red"), (f"{error.reason} ", "bold"), printable(error.message)))
    if error.fix:
        err.print(Text.assemble(("  fix ", "green"), printable(error.fix)))
    return 2 if error.error_class is ErrorClass.CONFIG else 1


def warn(message: str) -> None:
    """Show a warning on stderr."""
    err.print(Text.assemble(("warning ", "bold yellow"), printable(message)))


def show_faults(faults: Sequence[Fault]) -> None:
    """Show the faults on stderr as a table; of very many, the first."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), header_style="bold")
    table.add_column("Where", overflow="fold")
    table.add_column("Reason", no_wrap=True)
    table.add_column("What is wrong", overflow="fold")
    for fault in faults[:SHOWN_FAULTS]:
        what = Text(printable(fault.message))
        if fault.fix:
            what.append("\nfix ", "green").append(printable(fault.fix))
        table.add_row(
            Text.assemble(_place(fault), "\n" if fault.path and fault.file else "", (printable(fault.path), "cyan")),
            Text(fault.reason, "bold red"),
            what,
        )
    err.print(table)
    if len(faults) > SHOWN_FAULTS:
        err.print(f"... and {len(faults) - SHOWN_FAULTS} more.")
    err.print(Text(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}.", "bold red"))


def printable(text: str) -> str:
    """The text with control characters escaped, so that it cannot steer the terminal."""
    return "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)


def _place(fault: Fault) -> str:
    if fault.file is None:
        return ""
    here = Path.cwd()
    file = fault.file.relative_to(here) if fault.file.is_relative_to(here) else fault.file
    return printable(f"{file}:{fault.line}" if fault.line else str(file))
