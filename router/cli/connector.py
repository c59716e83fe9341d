"""`router connector new | test | list`: a connector of one's own, proven, and what is installed."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from router.cli.console import out, printable
from router.kit.installed import installed_connectors
from router.kit.scaffold import Kind, write_package
from router.kit.suite import Verdict, run_suite

app = typer.Typer(no_args_is_help=True, help="Connectors: write a new one, prove it, and list those installed.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command("new")
def new_connector(
    name: Annotated[str, typer.Argument(help="The connector's name, such as `csv_file`.", metavar="NAME")],
    kind: Annotated[Kind, typer.Option("--kind", help="`sink` delivers events, `source` fetches them.")],
    directory: Annotated[Path, typer.Option("--directory", help="Where the package's directory is made.")] = Path(),
) -> None:
    """Write a new connector's package: small, complete, and passing the conformance suite from the beginning."""
    package = write_package(name, kind, directory)
    out.print(Text.assemble("Written: ", (str(package), "bold green")))
    for file in sorted(file for file in package.rglob("*") if file.is_file()):
        out.print(f"  {file.relative_to(package)}", markup=False)
    out.print("Next:")
    out.print(f"  pip install -e '{package}[test]'", markup=False)
    out.print(f"  router connector test {package}", markup=False)


@app.command("test")
def prove(
    path: Annotated[Path, typer.Argument(help="The directory of the connector's package.", metavar="PATH")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Run the conformance suite of a package, and show which claims are held (exit status 1 if one is broken)."""
    verdicts = run_suite(path)
    if as_json:
        print(json.dumps([asdict(verdict) for verdict in verdicts], indent=2))
    else:
        _show(verdicts)
    if not all(verdict.held for verdict in verdicts):
        raise typer.Exit(1)


@app.command("list")
def list_connectors(as_json: AsJson = False) -> None:
    """List the installed connectors, and the packages that they come from."""
    found = list(installed_connectors())
    if as_json:
        print(json.dumps([asdict(connector) for connector in found], indent=2))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("Name", "Kind", "Version", "Guarantee", "From", "What it does"):
        table.add_column(column, overflow="fold")
    for connector in found:
        what = Text(printable(connector.problem), "bold red") if connector.problem else Text(connector.summary)
        cells = (connector.name, connector.kind, connector.version, connector.guarantee, connector.distribution)
        table.add_row(*(Text(printable(cell)) for cell in cells), what)
    out.print(table)


def _show(verdicts: Sequence[Verdict]) -> None:
    groups = list(dict.fromkeys((verdict.group, verdict.connector) for verdict in verdicts))
    for group, connector in groups:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left", header_style="bold")
        table.title = Text(f"{group}: {connector}" if connector else group or "tests of its own")
        for column in ("Claim", "Verdict"):
            table.add_column(column, overflow="fold")
        for verdict in (each for each in verdicts if (each.group, each.connector) == (group, connector)):
            cell = Text("held", "green") if verdict.held else Text("broken", "bold red")
            if not verdict.held:
                cell.append(f": {printable(verdict.reason)}", "default")
            table.add_row(Text(printable(verdict.claim)), cell)
        out.print(table)
    broken = sum(not verdict.held for verdict in verdicts)
    held = len(verdicts) - broken
    out.print(Text(f"{held} held, {broken} broken.", "bold red" if broken else "bold green"))
