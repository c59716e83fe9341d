"""`router dlq list | show`: single dead letters."""

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from router.api import ConnectorError, Reason
from router.cli.console import out, printable
from router.cli.dlq.choice import choosing
from router.cli.dlq.queue import ConfigPath, OutputOption, OwnerName, Queue, is_json, queue_of, read
from router.dlq.content import Contents
from router.dlq.letters import Letter
from router.dlq.selection import Filter
from router.envelope.registry import Registry
from router.kafka.consumer import Consumed
from router.kafka.places import Places

_SHOWN_VALUE = 20_000
_OURS = ("con.err.", "__connect.errors.")


@choosing
def list_letters(
    path: ConfigPath,
    wanted: Filter,
    owner: OwnerName = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most so many.")] = 50,
    output: OutputOption = "table",
) -> None:
    """List the dead letters that are open, the longest dead first."""
    as_json, queue = is_json(output), queue_of(read(path), owner)
    with queue.index() as index:
        letters, count = index.letters(wanted, limit), index.count(wanted)
        groups = index.groups(wanted, "reason")
    if as_json:
        out.print_json(json.dumps([summary(letter) for letter in letters]))
        return
    show_letters(f"{count} open dead letters of {queue.owner}", letters, queue.parked_from)
    if groups:
        out.print("By reason: " + ", ".join(f"{group.value} {group.open}" for group in groups))
    if count > limit:
        out.print(f"{count - limit} more; raise --limit to see them, or `router dlq groups`.")


def show_letter(
    path: ConfigPath,
    letter_id: Annotated[
        str, typer.Argument(help="The letter's id, as `list` shows it: partition:offset.", metavar="ID")
    ],
    owner: OwnerName = None,
    output: OutputOption = "table",
) -> None:
    """Show one dead letter: why it is dead, all its attempts, what else of its key is dead, and what it carries."""
    loaded = read(path)
    as_json, queue = is_json(output), queue_of(loaded, owner)
    with queue.index() as index:
        letter = index.at(_place(letter_id))
        history = [] if letter is None else index.history(letter)
        neighbours = [] if letter is None else index.neighbours(letter)
    record = None if letter is None else _record(queue, letter)
    if letter is None or record is None:
        message = f"No dead letter has the id {letter_id}."
        raise ConnectorError(Reason.USAGE, message, fix="`router dlq list` shows the ids of those that are open.")
    with Registry(loaded.pipeline.kafka.registry_url) as registry:
        content = _content(record, Contents(registry))
    if as_json:
        shown = summary(letter) | {
            "headers": _headers(record),
            "value_hex": (record.value or b"").hex(),
            "history": [summary(one) for one in history],
            "same_key": [summary(one) for one in neighbours],
        }
        out.print_json(json.dumps(shown | content, default=str))
        return
    _show(queue, letter, record, content)
    if len(history) > 1:
        show_letters("All its attempts", history, queue.parked_from)
    if neighbours:
        show_letters("Other open dead letters of its key", neighbours, queue.parked_from)


def show_letters(title: str, letters: list[Letter], parked_from: int | None) -> None:
    """Print a table of letters."""
    if not letters:
        out.print(Text(f"{title}.", "green"))
        return
    table = Table(title=title, title_justify="left")
    for column in ("id", "reason", "attempt", "last refused", "type", "key", "from", "message"):
        table.add_column(column, overflow="fold")
    for letter in letters:
        parked = parked_from is not None and letter.attempt >= parked_from
        state = "" if letter.resolution is None else f", {letter.resolution.outcome.replace('_', ' ')}"
        table.add_row(
            letter.id,
            Text(letter.reason, "red"),
            f"{letter.attempt}{', parked' if parked and not state else state}",
            letter.last_at.strftime("%Y-%m-%d %H:%M:%S"),
            _text(letter.event_type),
            _text((letter.key or b"").decode("utf-8", "replace")),
            _text(f"{letter.topic}-{letter.partition}@{letter.offset}" if letter.topic else ""),
            _text(letter.message),
        )
    out.print(table)


def summary(letter: Letter) -> dict[str, Any]:
    """The letter as JSON says it."""
    done = letter.resolution
    return {
        "id": letter.id,
        "class": letter.error_class,
        "reason": letter.reason,
        "stage": letter.stage,
        "message": letter.message,
        "attempt": letter.attempt,
        "first_at": letter.first_at.isoformat() if letter.first_at else None,
        "last_at": letter.last_at.isoformat(),
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": (letter.key or b"").decode("utf-8", "replace"),
        "event_id": letter.event_id,
        "event_type": letter.event_type,
        "tenant": letter.tenant,
        "trace": letter.trace,
        "bytes": letter.size,
        "missing_bytes": letter.missing_bytes,
        "outcome": None if done is None else done.outcome,
        "outcome_at": None if done is None else done.at.isoformat(),
        "outcome_by": None if done is None else done.who,
        "outcome_why": None if done is None else done.why,
        "plan": None if done is None else done.plan,
    }


def _place(text: str) -> tuple[int, int]:
    partition, _, offset = text.partition(":")
    if not (partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()):
        raise ConnectorError(Reason.USAGE, f"{text!r} is no id.", fix="Write partition:offset, such as 2:41.")
    return int(partition), int(offset)


def _record(queue: Queue, letter: Letter) -> Consumed | None:
    with closing(Places(queue.servers, queue.topic)) as places:
        partition, offset = letter.place
        return next((record for some in places.records(partition, [offset]) for record in some), None)


def _content(record: Consumed, contents: Contents) -> dict[str, Any]:
    """What the envelope holds, read with today's schemas, or why it cannot be read."""
    if record.value is None:
        return {}
    try:
        event, schema = contents.read(record)
    except ConnectorError as error:
        return {"unreadable": f"{error.reason}: {error.message}"}
    attributes = event._asdict()
    for name in ("data", "key", "version"):
        del attributes[name]
    told = {"attributes": {name: value for name, value in attributes.items() if value is not None}}
    data = event.data
    shown = (
        dict(data) if isinstance(data, Mapping) else None if data is None else data.decode("utf-8", "backslashreplace")
    )
    return told | {"data": shown, "schema": None if schema is None else schema.avro.get("name")}


def _show(queue: Queue, letter: Letter, record: Consumed, content: Mapping[str, Any]) -> None:
    table = Table(show_header=False, title=f"Dead letter {letter.id} of {queue.owner}", title_justify="left")
    rows = summary(letter) | dict(content.get("attributes", {})) | _headers(record)
    for name, value in rows.items():
        if value not in (None, ""):
            table.add_row(name, _text(value))
    out.print(table)
    if letter.missing_bytes is not None:
        out.print(
            f"The value ({letter.missing_bytes} bytes) was too large to be kept; it stands where the record does."
        )
        return
    if "unreadable" in content:
        out.print(_text(f"The value cannot be read as an event: {content['unreadable']}"))
        shown = (record.value or b"").decode("utf-8", "backslashreplace")
    else:
        shown = _readable(content.get("data"))
    out.print(f"Value ({len(record.value or b'')} bytes):")
    out.print(printable(shown[:_SHOWN_VALUE]), markup=False, highlight=False)


def _readable(data: Any) -> str:
    if isinstance(data, str):
        return data
    return "nothing: a deletion" if data is None else json.dumps(data, indent=2, default=str, ensure_ascii=False)


def _headers(record: Consumed) -> dict[str, str]:
    return {
        key: value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
        for key, value in record.headers
        if not key.startswith(_OURS)
    }


def _text(value: object) -> Text:
    """The value as it is: what events carry is neither markup nor allowed to steer the terminal."""
    return Text(printable(str(value)))
