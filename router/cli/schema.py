"""`router schema`: what has changed in a source's streams, and accepting it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from router.api import ConnectorError, Reason, Stream
from router.cli.console import out, printable
from router.cli.source import fetching_source
from router.config.environment import environment
from router.config.load import Loaded, LoadedSource, load
from router.config.models import Drift, Route
from router.config.secrets import SecretStore
from router.envelope.outline import Change, Difference, changes, outline
from router.envelope.registry import Registry
from router.fetching.streams import StreamStore, Versions
from router.runtime.secrets import Secrets

app = typer.Typer(no_args_is_help=True, help="Schemas: what has changed in a source's streams, and accepting it.")
_SIGNS = {Difference.ADDED: ("+", "green"), Difference.REMOVED: ("-", "red"), Difference.CHANGED: ("~", "yellow")}

ConfigPath = Annotated[
    Path, typer.Argument(help="The configuration: a YAML file, or a directory of them.", metavar="PATH")
]
Name = Annotated[str, typer.Argument(help="The source, as it is named in the configuration.", metavar="NAME")]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A stream beside what is known of it.

    recorded: the version that the running source has noted last; None if it never ran. topic: where it goes, if that
    is the same for all its records. registered: the topic's newest schema's version; None if there is none.
    is_compatible: whether the topic would take the schema; None where no topic is known.
    """

    stream: Stream
    recorded: int | None
    since_recorded: Sequence[Change]
    topic: str | None
    drift: Drift
    registered: int | None
    since_registered: Sequence[Change]
    is_compatible: bool | None

    @property
    def verdict(self) -> str:
        """What the source would do with the stream's data now."""
        if self.topic is None:
            return "depends on the route of each record"
        if self.registered is None:
            return "will be registered as the topic's first schema"
        if not self.since_registered:
            return "is what the topic has"
        if self.drift is Drift.PROPAGATE and self.is_compatible:
            return "will be registered: it is compatible"
        if self.drift is Drift.PROPAGATE:
            return "is incompatible: data goes to the dead letters; publish to a new version of the topic"
        then = "data goes to the dead letters" if self.drift is Drift.FREEZE else "the source waits"
        may = "until `router schema accept`" if self.is_compatible else "and cannot be accepted: it is incompatible"
        return f"differs, and the route says {self.drift}: {then} {may}"

    @property
    def is_drift(self) -> bool:
        """Whether there is anything to decide."""
        return bool(self.since_recorded or (self.registered is not None and self.since_registered))


@app.command()
def diff(
    path: ConfigPath,
    name: Name,
    as_json: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
) -> None:
    """Compare a source's streams as they are now with what is known of them; exit status 1 if they differ."""
    compared = asyncio.run(_with_secrets(path, name, accept=False))
    if as_json:
        print(json.dumps([_as_json(one) for one in compared], indent=2))
    else:
        for one in compared:
            _show(one)
    if any(one.is_drift for one in compared):
        raise typer.Exit(1)


@app.command()
def accept(path: ConfigPath, name: Name) -> None:
    """Register the schemas that a source's streams have now, so that frozen and paused routes go on with them."""
    for one in asyncio.run(_with_secrets(path, name, accept=True)):
        _show(one)
        if one.topic is None:
            message = f"Which topic {printable(one.stream.name)} goes to depends on each record."
            raise ConnectorError(Reason.USAGE, message, fix="Give the source one route without `when`.")
        out.print(f"Registered for {one.topic}. The source goes on with it within a minute.")


async def _with_secrets(path: Path, name: str, *, accept: bool) -> list[Comparison]:
    store = SecretStore(environment())
    loaded = load(path, resolve=store.resolve)
    source = fetching_source(loaded, name)
    async with Secrets(loaded, store).available():
        await source.connector.check(source.config)
        streams = await source.connector.discover(source.config)
    with Registry(loaded.pipeline.kafka.registry_url) as registry:
        compared = [await _compare(loaded, name, source, registry, stream) for stream in streams]
        for one in compared:
            if accept and one.topic is not None:
                await registry.encoder(one.topic, one.stream.schema)
    return compared


async def _compare(loaded: Loaded, name: str, source: LoadedSource, registry: Registry, stream: Stream) -> Comparison:
    kafka = loaded.pipeline.kafka
    versions: Versions = await StreamStore(kafka.bootstrap_servers, loaded.pipeline.name).read()
    known = versions.get((name, stream.name))
    recorded = known[-1] if known else None
    now = outline(None if stream.schema is None else stream.schema.avro)
    route = _only_route(source)
    topic = None if route is None else route.topic
    latest = None if topic is None else await registry.latest(topic)
    registered = outline(None if latest is None or latest.data is None else latest.data.avro)
    return Comparison(
        stream,
        None if recorded is None else recorded.version,
        [] if recorded is None else changes(recorded.fields, now),
        topic,
        Drift.PROPAGATE if route is None else route.drift,
        None if latest is None else latest.version,
        changes(registered, now),
        None if topic is None else await registry.is_compatible(topic, stream.schema),
    )


def _only_route(source: LoadedSource) -> Route | None:
    """The route of every record that is published, if there is just one."""
    routes = [route for route in source.settings.routes if route.topic is not None]
    return routes[0] if len({route.topic for route in routes}) == 1 else None


def _show(one: Comparison) -> None:
    out.print(Text.assemble((printable(one.stream.name), "bold"), f"  {one.verdict}"))
    known = [("recorded", one.recorded, one.since_recorded), (one.topic or "", one.registered, one.since_registered)]
    for title, version, found in known:
        if version is not None and found:
            table = Table(title=f"since version {version} of {title}", title_justify="left", box=None)
            for column in ("", "field", "was", "is"):
                table.add_column(column, overflow="fold")
            for change in found:
                sign, style = _SIGNS[change.difference]
                table.add_row(Text(sign, style), *[Text(printable(text)) for text in change[1:]])
            out.print(table)


def _as_json(one: Comparison) -> dict[str, Any]:
    return {
        "stream": one.stream.name,
        "recorded": {"version": one.recorded, "changes": [change._asdict() for change in one.since_recorded]},
        "topic": one.topic,
        "registered": {"version": one.registered, "changes": [change._asdict() for change in one.since_registered]},
        "drift": one.drift,
        "compatible": one.is_compatible,
        "verdict": one.verdict,
    }
