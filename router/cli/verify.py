"""`router verify`: explains step by step why a captured request is refused."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from router.api import ConnectorError, Finding, Reason
from router.cli.captured import parse
from router.cli.console import out, printable
from router.cli.endpoint import DEFAULT_VARIABLE, configured, of_scheme

_SIGNS = {True: ("✓", "bold green"), False: ("✗", "bold red"), None: ("·", "dim")}


def verify(
    file: Annotated[
        Path, typer.Argument(help="The captured request: as it was on the wire, or as JSON.", metavar="FILE")
    ],
    config: Annotated[Path | None, typer.Option("--config", help="A configuration that has the endpoint.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="The endpoint's name in the configuration.")] = None,
    scheme: Annotated[str | None, typer.Option("--as", help="Instead: the sender's scheme, such as `github`.")] = None,
    secret_env: Annotated[
        str, typer.Option("--secret-env", help="With --as: the environment variable that holds the secret.")
    ] = DEFAULT_VARIABLE,
    at: Annotated[
        str | None, typer.Option("--at", help="When it arrived, as ISO 8601; by default the file's own time.")
    ] = None,
) -> None:
    """Explain step by step why a captured request is refused, or that it is not."""
    if (scheme is None) is (config is None):
        message = "Say either how it is signed (--as SCHEME) or which endpoint it is for (--config PATH)."
        raise ConnectorError(Reason.USAGE, message)
    captured = parse(_content(file))
    target = configured(config, source) if config else of_scheme(scheme or "", secret_env, captured.url)
    if target.connector.explain is None:
        raise ConnectorError(Reason.USAGE, f"The connector {target.connector.name} cannot explain itself.")
    moment = _moment(at) if at else min(file.stat().st_mtime, time.time())
    out.print(f"Judged as if it had arrived at {datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ} (--at).")
    findings = target.connector.explain(target.config, captured.request(moment))
    _show(findings)
    if findings[-1].ok is False:
        raise typer.Exit(1)


def _show(findings: Sequence[Finding]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        what = Text(printable(finding.detail))
        if finding.fix:
            what.append("\nfix ", "green").append(printable(finding.fix))
        table.add_row(Text(*_SIGNS[finding.ok]), Text(printable(finding.title), "bold"), what)
    out.print(table)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConnectorError(Reason.USAGE, f"{file} cannot be read ({error.strerror}).") from error


def _moment(text: str) -> float:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no time of ISO 8601."
        raise ConnectorError(Reason.USAGE, message, fix="Write 2026-11-23T10:00:00Z.") from error
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
