"""`router dlq export | import`: dead letters as a file, one line of JSON each, byte for byte."""

import asyncio
import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby, islice
from pathlib import Path
from typing import Annotated, Any

import typer

from router.api import ConnectorError, Reason
from router.cli.console import out
from router.cli.dlq.audited import audited
from router.cli.dlq.choice import choosing
from router.cli.dlq.queue import ConfigPath, OwnerName, Queue, bar, queue_of, read
from router.dlq.selection import Filter
from router.kafka.clients import producer as producer_settings
from router.kafka.consumer import Consumed
from router.kafka.places import Places
from router.kafka.producer import AsyncProducer, Headers, Message

_BATCH = 1_000


@choosing
def export_letters(
    path: ConfigPath,
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.", metavar="FILE")],
    wanted: Filter,
    owner: OwnerName = None,
) -> None:
    """Write open dead letters into a file that only you can read. They stay open."""
    queue = queue_of(read(path), owner)
    with queue.index() as index:
        in_order, mixed = index.places(wanted)
    try:
        file.touch(mode=0o600, exist_ok=False)
        count = 0
        with file.open("w") as lines, bar(f"Exporting of {queue.owner}") as progress:
            for count, record in enumerate(_records(queue, sorted(in_order + mixed)), 1):
                lines.write(json.dumps(_line(record)) + "\n")
                progress(count, len(in_order) + len(mixed))
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}."
        raise ConnectorError(Reason.USAGE, message, fix="Name a new file in a directory that exists.") from None
    out.print(f"{count} exported.")


def import_letters(
    path: ConfigPath,
    file: Annotated[Path, typer.Argument(help="A file that `export` has written.", metavar="FILE")],
    owner: OwnerName = None,
) -> None:
    """Add exported dead letters to a queue again. One that is open there is not doubled."""
    loaded = read(path)
    queue = queue_of(loaded, owner)
    messages = _messages(file, queue.topic)

    def work() -> int:
        return asyncio.run(_send(queue, messages))

    count = audited(loaded.pipeline, "dlq import", queue.owner, f"from {file.name}", work)
    out.print(f"{count} imported.")


async def _send(queue: Queue, messages: list[Message]) -> int:
    rest = iter(messages)
    async with AsyncProducer(producer_settings(queue.servers, "con-dlq-import")) as producer:
        while some := list(islice(rest, _BATCH)):
            await producer.send(some)
    return len(messages)


def _records(queue: Queue, places: Iterable[tuple[int, int]]) -> Iterator[Consumed]:
    with closing(Places(queue.servers, queue.topic)) as reading:
        for partition, some in groupby(places, key=lambda place: place[0]):
            for records in reading.records(partition, [offset for _, offset in some]):
                yield from records


def _line(record: Consumed) -> dict[str, Any]:
    headers = [(name, _text(value.encode() if isinstance(value, str) else value)) for name, value in record.headers]
    return {"key": _text(record.key), "value": _text(record.value), "headers": headers}


def _messages(file: Path, topic: str) -> list[Message]:
    """Raises ConnectorError (USAGE) before anything is sent."""
    messages = []
    try:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            try:
                told = json.loads(line)
                headers: Headers = [(str(name), _bytes(value)) for name, value in told["headers"]]
                messages.append(Message(topic, _bytes(told["key"]), _bytes(told["value"]), headers))
            except (ValueError, TypeError, KeyError):
                message = f"{file}, line {number}: this is no exported dead letter."
                raise ConnectorError(Reason.USAGE, message, fix="Use a file of `router dlq export`.") from None
    except (OSError, UnicodeDecodeError):
        message = f"{file} cannot be read."
        raise ConnectorError(Reason.USAGE, message, fix="Use a file of `router dlq export`.") from None
    return messages


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)
