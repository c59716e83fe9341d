"""`router send`: signs a body as its sender would, and posts it."""

import asyncio
import json
import re
import sys
import time
import uuid
from pathlib import Path
from typing import Annotated

import aiohttp
import typer
from rich.text import Text

from router.api import ConnectorError, Reason, Sending
from router.cli.console import out, printable
from router.cli.endpoint import DEFAULT_VARIABLE, Target, configured, of_scheme

_FORM = re.compile(rb"[^=&\s]+=[^&\s]*(&[^=&\s]+=[^&\s]*)*\s?")
_SECONDS = 30
_SHOWN = 2_000
_REFUSED = 400
_DEFAULT_URL = "http://127.0.0.1:8080/hooks"


def send(
    file: Annotated[Path, typer.Argument(help="The body; `-` reads it from standard input.", metavar="FILE")],
    scheme: Annotated[str | None, typer.Option("--as", help="The sender's scheme, such as `github`.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The endpoint's URL; by default as configured.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="A configuration that has the endpoint.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="The endpoint's name in the configuration.")] = None,
    secret_env: Annotated[
        str, typer.Option("--secret-env", help="With --as: the environment variable that holds the secret.")
    ] = DEFAULT_VARIABLE,
    event_type: Annotated[str, typer.Option("--type", help="The event's type, where a header has it.")] = "ping",
    event_id: Annotated[str | None, typer.Option("--id", help="The event's id; by default a new one.")] = None,
) -> None:
    """Sign a body as its sender would, and post it to an endpoint."""
    target = _target(scheme, config, source, secret_env, to)
    body = sys.stdin.buffer.read() if str(file) == "-" else _content(file)
    name = event_id or uuid.uuid4().hex
    sending = Sending(to or target.url, body, name, event_type, _content_type(body), int(time.time()))
    if not asyncio.run(_post(sending, _signed(target, sending))):
        raise typer.Exit(1)


def _target(scheme: str | None, config: Path | None, source: str | None, secret_env: str, to: str | None) -> Target:
    if (scheme is None) is (config is None):
        message = "Say either how it is signed (--as SCHEME) or which endpoint it is for (--config PATH)."
        raise ConnectorError(Reason.USAGE, message)
    return configured(config, source) if config else of_scheme(scheme or "", secret_env, to or _DEFAULT_URL)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConnectorError(Reason.USAGE, f"{file} cannot be read ({error.strerror}).") from error


def _content_type(body: bytes) -> str:
    """What a sender of such a body says."""
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return "application/x-www-form-urlencoded" if _FORM.fullmatch(body) else "application/octet-stream"
    return "application/json"


def _signed(target: Target, sending: Sending) -> tuple[tuple[str, str], ...]:
    if target.connector.sign is None:
        raise ConnectorError(Reason.USAGE, f"The connector {target.connector.name} cannot sign.")
    return target.connector.sign(target.config, sending)


async def _post(sending: Sending, headers: tuple[tuple[str, str], ...]) -> bool:
    """Post it, and show the answer; returns whether it was accepted."""
    started = time.perf_counter()
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS), trust_env=False) as session,
            session.post(
                sending.url,
                data=sending.body,
                headers=[*headers, ("content-type", sending.content_type)],
                allow_redirects=False,
            ) as answer,
        ):
            text = (await answer.read())[:_SHOWN].decode("utf-8", "replace")
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        message = f"{sending.url} does not answer ({type(error).__name__})."
        raise ConnectorError(
            Reason.TARGET_UNREACHABLE, message, fix="Is `router run` running, on this port?"
        ) from error
    good = status < _REFUSED
    took = f"{(time.perf_counter() - started) * 1000:.0f} ms"
    out.print(
        Text.assemble((str(status), "bold green" if good else "bold red"), f" {took}  ", (printable(text), "dim"))
    )
    if not good:
        out.print("Capture the request and ask why: `router verify FILE --config PATH --source NAME`.", style="dim")
    return good
