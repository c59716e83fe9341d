"""`router version`: which version this is."""

from importlib.metadata import version as installed_version

import typer


def version() -> None:
    """Show the version."""
    print(installed_version("northfield-con"))


def show_version(wanted: bool) -> None:
    """The option `--version`: show it and exit."""
    if wanted:
        version()
        raise typer.Exit
