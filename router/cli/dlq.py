"""`router dlq queues | list | show | replay`: what is dead, why, and putting it back."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from router.api import ConnectorError, Reason
from router.api import reasons as names
from router.cli.console import err, out, printable
from router.config.environment import environment
from router.config.load import load
from router.config.names import dead_letter_topic, replay_topic
from router.config.secrets import SecretStore
from router.dlq.letters import Filter, Letter
from router.dlq.replay import open_letters, put_back

app = typer.Typer(no_args_is_help=True, help="Dead letters: list them, look at one, put them back.")

ConfigPath = Annotated[
    Path, typer.Argument(help="The configuration: a YAML file, or a directory of them.", metavar="PATH")
]
OwnerName = Annotated[
    str | None,
    typer.Option("--sink", "--source", help="Whose dead letters; may be left out if there is only one sink."),
]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", help="Only this reason or class, such as TARGET_REJECTED.")
]
KeyOption = Annotated[str | None, typer.Option("--key", help="Only this ordering key.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Refused at or after: ISO 8601, or an age such as 2h or 3d.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", help="Refused before: ISO 8601, or an age such as 2h or 3d.")
]
OutputOption = Annotated[str, typer.Option("--output", help="`table` or `json`.")]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@app.command("list")
def list_letters(
    path: ConfigPath,
    owner: OwnerName = None,
    reason: ReasonOption = None,
    key: KeyOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most so many.")] = 50,
    output: OutputOption = "table",
) -> None:
    """List the dead letters that have not been put back, oldest first."""
    queue, as_json = _Queue.of(path, owner), _as_json(output)
    letters = open_letters(queue.servers, queue.topic, _filter(reason, key, since, until))
    if as_json:
        out.print_json(json.dumps([_summary(letter) for letter in letters[:limit]]))
        return
    _print_table(queue.owner, letters, limit)


@app.command("queues")
def list_queues(path: ConfigPath, output: OutputOption = "table") -> None:
    """Show every queue of dead letters that the configuration has: how many are open, why, and since when."""
    as_json = _as_json(output)
    queues = [(queue, open_letters(queue.servers, queue.topic, Filter())) for queue in _Queue.all(path)]
    if as_json:
        out.print_json(json.dumps([_queue_summary(queue, letters) for queue, letters in queues]))
        return
    table = Table(title="Dead letters", title_justify="left")
    table.add_column("of")
    table.add_column("open", justify="right")
    for column in ("oldest", "by reason"):
        table.add_column(column, overflow="fold")
    for queue, letters in queues:
        told = _queue_summary(queue, letters)
        reasons = ", ".join([f"{reason} {count}" for reason, count in told["reasons"].items()])
        colour = "red" if letters else "green"
        table.add_row(
            f"{queue.kind} {queue.owner}", f"[{colour}]{len(letters)}[/]", told["oldest"] or "", _text(reasons)
        )
    out.print(table)


@app.command("show")
def show_letter(
    path: ConfigPath,
    letter_id: Annotated[
        str, typer.Argument(help="The letter's id, as `list` shows it: partition:offset.", metavar="ID")
    ],
    owner: OwnerName = None,
    output: OutputOption = "table",
) -> None:
    """Show one dead letter: why it is dead, where it came from, and what it carries."""
    queue, as_json = _Queue.of(path, owner), _as_json(output)
    letters = open_letters(queue.servers, queue.topic, Filter(id=letter_id))
    if not letters:
        message = f"No open dead letter has the id {letter_id}."
        raise ConnectorError(Reason.USAGE, message, fix="`router dlq list` shows the ids; it may have been put back.")
    letter = letters[0]
    if as_json:
        out.print_json(json.dumps(_summary(letter) | {"headers": _headers(letter), "value_hex": _hex(letter)}))
        return
    table = Table(show_header=False, title=f"Dead letter {letter.id} of {queue.owner}", title_justify="left")
    for name, value in (*_summary(letter).items(), *_headers(letter).items()):
        table.add_row(name, _text(value))
    out.print(table)
    if letter.missing_bytes is not None:
        out.print(
            f"The value ({letter.missing_bytes} bytes) was too large to be kept; it stands where the record does."
        )
        return
    out.print(f"Value ({len(letter.record.value or b'')} bytes):")
    out.print(_readable(letter), markup=False, highlight=False)


@app.command("replay")
def replay_letters(
    path: ConfigPath,
    owner: OwnerName = None,
    reason: ReasonOption = None,
    key: KeyOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    letter_id: Annotated[str | None, typer.Option("--id", help="Only this letter.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be put back, and do nothing.")] = False,
) -> None:
    """Put dead letters back to the sink that refused them. Giving the command twice puts nothing back twice."""
    queue = _Queue.of(path, owner)
    if queue.kind == "source":
        message = f"{queue.owner} is a source: its records were refused before they were in any topic."
        raise ConnectorError(Reason.USAGE, message, fix="Mend the cause, then fetch them again: router backfill.")
    wanted = _filter(reason, key, since, until, letter_id)
    if dry_run:
        letters = open_letters(queue.servers, queue.topic, wanted)
        _print_table(queue.owner, letters, limit=20)
        out.print(f"{len(letters)} would be put back. Nothing was done.")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as bar:
        task = bar.add_task(f"Replaying to {queue.owner}", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        count = put_back(queue.servers, queue.topic, queue.replay, wanted, progress)
    out.print(f"{count} put back.")


@dataclass(frozen=True, slots=True)
class _Queue:
    """The dead letters of one sink or source. replay: the topic through which a sink gets them again."""

    servers: str
    kind: str
    owner: str
    topic: str
    replay: str

    @classmethod
    def all(cls, path: Path) -> "list[_Queue]":
        """Those of the sinks, then those of the sources that fetch."""
        loaded = load(path, resolve=SecretStore(environment()).resolve)
        pipeline = loaded.pipeline
        owners = [("sink", name) for name in pipeline.sinks] + [("source", name) for name in loaded.sources]
        return [
            cls(
                pipeline.kafka.bootstrap_servers,
                kind,
                name,
                dead_letter_topic(pipeline.name, name),
                replay_topic(pipeline.name, name),
            )
            for kind, name in owners
        ]

    @classmethod
    def of(cls, path: Path, owner: str | None) -> "_Queue":
        """The one that is meant. Raises ConnectorError (USAGE)."""
        queues = cls.all(path)
        sinks = [queue for queue in queues if queue.kind == "sink"]
        found = sinks if owner is None else [queue for queue in queues if queue.owner == owner]
        if len(found) == 1:
            return found[0]
        known = ", ".join([queue.owner for queue in queues]) or "none"
        message = "Whose dead letters?" if owner is None else f"The configuration has no sink or source {owner!r}."
        raise ConnectorError(Reason.USAGE, message, fix=f"Give --sink or --source with one of: {known}.")


def _queue_summary(queue: _Queue, letters: list[Letter]) -> dict[str, Any]:
    moments = [letter.last_at for letter in letters if letter.last_at is not None]
    return {
        "kind": queue.kind,
        "name": queue.owner,
        "topic": queue.topic,
        "open": len(letters),
        "oldest": min(moments).isoformat(timespec="seconds") if moments else None,
        "reasons": dict(Counter(letter.reason for letter in letters).most_common()),
    }


def _filter(
    reason: str | None, key: str | None, since: str | None, until: str | None, letter_id: str | None = None
) -> Filter:
    known = {*names.Reason, *names.ErrorClass}
    if reason is not None and reason not in known:
        raise ConnectorError(Reason.USAGE, f"{reason!r} is no reason.", fix="See docs/reference/errors.md.")
    return Filter(
        reason=reason,
        key=None if key is None else key.encode(),
        since=_moment("--since", since),
        until=_moment("--until", until),
        id=letter_id,
    )


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isascii() and number.isdigit() and len(number) < 7:  # noqa: PLR2004  a million days
        return datetime.now(UTC) - timedelta(**{_UNITS[unit]: int(number)})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{option} {text!r} is neither an ISO 8601 time nor an age."
        raise ConnectorError(Reason.USAGE, message, fix="Write 2026-11-23T10:00:00Z, or 90m, 2h, 3d.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _as_json(output: str) -> bool:
    if output not in ("table", "json"):
        raise ConnectorError(Reason.USAGE, f"--output {output!r} is not known.", fix="Use table or json.")
    return output == "json"


def _print_table(sink: str, letters: list[Letter], limit: int) -> None:
    if not letters:
        out.print(f"[green]No open dead letters of {sink}.[/green]")
        return
    table = Table(title=f"{len(letters)} open dead letters of {sink}", title_justify="left")
    for column in ("id", "reason", "attempt", "last refused", "type", "key", "from", "message"):
        table.add_column(column, overflow="fold")
    for letter in letters[:limit]:
        table.add_row(
            letter.id,
            Text(letter.reason, "red"),
            str(letter.attempt),
            letter.last_at.strftime("%Y-%m-%d %H:%M:%S") if letter.last_at else "",
            _text(letter.event_type),
            _text((letter.record.key or b"").decode("utf-8", "replace")),
            _text(f"{letter.topic}-{letter.partition}@{letter.offset}"),
            _text(letter.message),
        )
    out.print(table)
    counts = Counter(letter.reason for letter in letters)
    out.print("By reason: " + ", ".join(f"{reason} {count}" for reason, count in counts.most_common()))
    if len(letters) > limit:
        out.print(f"{len(letters) - limit} more; raise --limit to see them.")


def _text(value: object) -> Text:
    """The value as it is: what events carry is neither markup nor allowed to steer the terminal."""
    return Text(printable(str(value)))


def _summary(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "class": letter.error_class,
        "reason": letter.reason,
        "message": letter.message,
        "attempt": letter.attempt,
        "first_at": letter.first_at.isoformat() if letter.first_at else None,
        "last_at": letter.last_at.isoformat() if letter.last_at else None,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": (letter.record.key or b"").decode("utf-8", "replace"),
        "event_id": letter.event_id,
        "event_type": letter.event_type,
        "trace": letter.trace,
        "missing_bytes": letter.missing_bytes,
    }


def _headers(letter: Letter) -> dict[str, str]:
    return {
        key: value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
        for key, value in letter.record.headers
        if not key.startswith(("con.err.", "__connect.errors."))
    }


def _hex(letter: Letter) -> str:
    return (letter.record.value or b"").hex()


def _readable(letter: Letter) -> str:
    """The value as text, with what is none escaped."""
    return printable((letter.record.value or b"").decode("utf-8", "backslashreplace"))
