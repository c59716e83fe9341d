"""`router discover`: what a source could read, as it is there now."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from router.api import Stream
from router.cli.console import out, printable
from router.cli.source import fetching_source
from router.config.environment import environment
from router.config.load import LoadedSource, load
from router.config.secrets import SecretStore
from router.envelope.outline import outline
from router.runtime.secrets import Secrets


def discover(
    path: Annotated[
        Path, typer.Argument(help="The configuration: a YAML file, or a directory of them.", metavar="PATH")
    ],
    name: Annotated[str, typer.Argument(help="The source, as it is named in the configuration.", metavar="NAME")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the streams with their whole schemas as JSON.")
    ] = False,
) -> None:
    """Connect to a source and show the streams that it would read. It changes nothing."""
    store = SecretStore(environment())
    loaded = load(path, resolve=store.resolve)
    streams = asyncio.run(_streams(fetching_source(loaded, name), Secrets(loaded, store)))
    if as_json:
        print(json.dumps([_described(stream) for stream in streams], indent=2, default=str))
    else:
        _show(name, streams)


async def _streams(source: LoadedSource, secrets: Secrets) -> Sequence[Stream]:
    async with secrets.available():
        await source.connector.check(source.config)
        return await source.connector.discover(source.config)


def _described(stream: Stream) -> dict[str, Any]:
    return {
        "name": stream.name,
        "key": list(stream.key),
        "estimated_records": stream.estimated_records,
        "schema": None if stream.schema is None else stream.schema.avro,
    }


def _show(name: str, streams: Sequence[Stream]) -> None:
    table = Table(title=f"{len(streams)} stream{'s' if len(streams) != 1 else ''} of {name}", title_justify="left")
    for column in ("stream", "key", "fields", "records, about"):
        table.add_column(column, overflow="fold")
    for stream in streams:
        estimate = "" if stream.estimated_records is None else f"{stream.estimated_records:,}"
        fields = (
            "bytes"
            if stream.schema is None
            else "\n".join(f"{path}: {kind}" for path, kind in outline(stream.schema.avro).items())
        )
        table.add_row(_text(stream.name), _text(", ".join(stream.key)), _text(fields), _text(estimate))
    out.print(table)


def _text(value: str) -> Text:
    """The value as it is: what an origin says is neither markup nor allowed to steer the terminal."""
    return Text(printable(value))
