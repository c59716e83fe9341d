"""`router listen`: events live as they arrive, forwarded to a program at hand if asked for."""

import asyncio
import base64
import json
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import aiohttp
import typer
from rich.text import Text

from router.api import ConnectorError, Event, Reason, Sending
from router.cli.console import out, printable, warn
from router.config.environment import environment
from router.config.load import Loaded, load
from router.config.secrets import SecretStore
from router.envelope.codec import schema_id
from router.envelope.registry import Registry
from router.kafka.consumer import Consumed
from router.kafka.live import Live
from router.runtime.signals import stop_on_signals

_SECONDS = 30
_REFUSED = 400
_SHOWN = 4_000


def listen(
    path: Annotated[
        Path, typer.Argument(help="The configuration: a YAML file, or a directory of them.", metavar="PATH")
    ],
    source: Annotated[list[str] | None, typer.Option("--source", help="Only these sources; may be repeated.")] = None,
    forward: Annotated[
        str | None,
        typer.Option(
            "--forward", help="Post each event to this URL, signed as its sender signs. Without a path: the endpoint's."
        ),
    ] = None,
    body: Annotated[bool, typer.Option("--body", help="Show the content, too.")] = False,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Begin with what is there already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each event.")] = False,
) -> None:
    """Show events live as they arrive on the topics of a configuration's sources. It commits nothing."""
    loaded = load(path, resolve=SecretStore(environment()).resolve)
    asyncio.run(_Listener(loaded, _names(loaded, source), forward, body=body, as_json=as_json).run(from_beginning))


def _names(loaded: Loaded, wanted: list[str] | None) -> list[str]:
    known = list(loaded.pipeline.sources)
    unknown = [name for name in wanted or () if name not in known]
    if unknown or not known:
        message = f"There is no source {', '.join(unknown)}." if unknown else "The configuration has no sources."
        raise ConnectorError(Reason.USAGE, message, fix=f"Known: {', '.join(known)}." if known else None)
    return wanted or known


class _Listener:
    """Shows the events of some sources."""

    def __init__(self, loaded: Loaded, names: list[str], forward: str | None, *, body: bool, as_json: bool) -> None:
        self._loaded = loaded
        self._names = frozenset(names)
        self._forward = forward
        self._body = body
        self._as_json = as_json
        routes = [route for name in names for route in loaded.pipeline.sources[name].routes]
        self._topics = sorted({route.topic for route in routes if route.topic is not None})

    async def run(self, from_beginning: bool) -> None:
        """Until Ctrl-C. Raises ConnectorError."""
        stop = stop_on_signals()
        kafka = self._loaded.pipeline.kafka
        live = await asyncio.to_thread(Live, kafka.bootstrap_servers, self._topics, from_beginning=from_beginning)
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        with closing(live), Registry(kafka.registry_url) as registry:
            async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
                if not self._as_json:
                    out.print(f"Listening to {', '.join(self._topics)}. Ctrl-C ends it.", style="dim")
                while not stop.is_set():
                    for record in await asyncio.to_thread(live.read):
                        await self._take(record, registry, session)

    async def _take(self, record: Consumed, registry: Registry, session: aiohttp.ClientSession) -> None:
        try:
            number = schema_id(record.value)
            decoder = registry.known_decoder(number) or await registry.decoder(number)
            event = decoder.decode(record.value or b"", record.key, record.offset)
        except ConnectorError as error:
            warn(f"{record.topic}, partition {record.partition}, offset {record.offset}: {error}")
            return
        if event.connector not in self._names:
            return
        outcome = None if self._forward is None else await self._pass_on(event, self._forward, session)
        if self._as_json:
            print(
                json.dumps(_described(record, event) | ({"forwarded": outcome} if outcome else {}), default=str),
                flush=True,
            )
        else:
            out.print(_line(event, outcome))
            if self._body:
                out.print(printable(_content(event)), markup=False, highlight=False)

    async def _pass_on(self, event: Event, url: str, session: aiohttp.ClientSession) -> str:
        """Post it once; returns what came of it."""
        body = event.data if isinstance(event.data, bytes) else json.dumps(event.data, default=str).encode()
        receiver = self._loaded.receivers.get(event.connector)
        if receiver is not None and urlsplit(url).path in ("", "/"):
            url = url.rstrip("/") + receiver.connector.path(receiver.config)
        mime = event.datacontenttype or "application/json"
        sending = Sending(url, body, event.id, event.type, mime, int(time.time()))
        headers: tuple[tuple[str, str], ...] = ()
        note = "unsigned, "
        if receiver is not None and receiver.connector.sign is not None:
            try:
                headers, note = receiver.connector.sign(receiver.config, sending), ""
            except ConnectorError as error:
                if error.reason is not Reason.USAGE:
                    raise
        started = time.perf_counter()
        try:
            async with session.post(
                url, data=body, headers=[*headers, ("content-type", mime)], allow_redirects=False
            ) as answer:
                return f"{note}{answer.status} in {(time.perf_counter() - started) * 1000:.0f} ms"
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return f"{note}not delivered: {type(error).__name__}"


def _line(event: Event, outcome: str | None) -> Text:
    size = f"{len(event.data)} bytes" if isinstance(event.data, bytes) else "deleted" if event.data is None else "row"
    line = Text.assemble(
        (f"{event.ingested_at.astimezone():%H:%M:%S}  ", "dim"),
        (f"{printable(event.connector)}  ", "cyan"),
        (f"{printable(event.type)}  ", "bold"),
        f"{printable(event.id)}  ",
        (f"{printable(event.subject or '-')}  {size}", "dim"),
    )
    if event.traceparent:
        line.append(f"  trace {event.traceparent[3:35]}", "dim")
    if outcome is not None:
        good = (
            outcome.removeprefix("unsigned, ")[:3].isdigit() and int(outcome.removeprefix("unsigned, ")[:3]) < _REFUSED
        )
        line.append(f"  → {printable(outcome)}", "green" if good else "red")
    return line


def _content(event: Event) -> str:
    if isinstance(event.data, bytes):
        return event.data[:_SHOWN].decode("utf-8", "replace")
    return json.dumps(event.data, indent=2, default=str)[:_SHOWN]


def _described(record: Consumed, event: Event) -> dict[str, Any]:
    told: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "source": event.connector,
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "ingested_at": event.ingested_at,
        "idempotency_key": event.idempotency_key,
        "traceparent": event.traceparent,
    }
    if isinstance(event.data, bytes):
        return told | {"body_base64": base64.b64encode(event.data).decode()}
    return told | {"data": event.data}
