"""Put dead letters back, or discard them: once, however often the command is given or killed."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path

from router.api import ConnectorError, Reason
from router.delivery.dead_letter import plain, replay
from router.dlq.following import Progress, open_index, silent
from router.dlq.index import Index
from router.dlq.letters import Letter, Place
from router.dlq.markers import Resolution, marker
from router.dlq.selection import Filter
from router.kafka.consumer import Consumed
from router.kafka.places import Places
from router.kafka.producer import Message
from router.kafka.transaction import Transactions

BATCH = 5_000
"""Letters of a transaction at most."""

_BATCH_BYTES = 8_388_608

Edit = Callable[[Consumed], bytes | None]
"""The value that a record is put back with."""

Condition = Callable[[Consumed], bool]
"""Whether a record is meant."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done to the letters of a dead-letter topic.

    target: the topic to put them into; None discards them. as_new: without what makes them known as replayed, for a
    topic that is not a sink's replay topic. edit: None leaves values as they are. chosen: which of the records are
    meant, by what they carry; None: all. events_per_second: None as fast as can be. directory: where the files of
    indexes are; None: in memory.
    """

    bootstrap_servers: str
    topic: str
    target: str | None
    resolution: Resolution
    as_new: bool = False
    edit: Edit | None = None
    chosen: Condition | None = None
    events_per_second: float | None = None
    directory: Path | None = None


def open_letters(bootstrap_servers: str, topic: str, wanted: Filter, directory: Path | None = None) -> list[Letter]:
    """The letters of a dead-letter topic that are open and that the filter means, the longest dead first."""
    with open_index(bootstrap_servers, topic, directory) as index:
        return index.letters(wanted)


def resolve(
    work: Work, wanted: Filter, check: Callable[[Index], None] = lambda _index: None, progress: Progress = silent
) -> int:
    """Do the work to the letters that are meant, and return how many they were.

    Each batch is one transaction that writes the records to their target and, into the dead-letter topic, the markers
    that resolve them. Opening the transactions fences a replay that is still under way, and only then are the letters
    read: so no letter is ever put back twice. check: may refuse, when nothing has been done yet.

    Raises ConnectorError: PAYLOAD_TOO_LARGE, with nothing done, if a letter to be put back has no value.
    """
    with closing(Transactions(work.bootstrap_servers, f"{work.topic}.replay")) as transactions:
        with open_index(work.bootstrap_servers, work.topic, work.directory) as index:
            check(index)
            if work.target is not None:
                _check_values(index, wanted)
            total = index.count(wanted)
            ordered = index.places(wanted)
        progress(0, total)
        done, started = 0, time.monotonic()
        for batch in _batches(work, *ordered):
            transactions.publish(_messages(work, batch))
            done += len(batch)
            progress(done, total)
            _keep_pace(work, done, started)
        return done


def _check_values(index: Index, wanted: Filter) -> None:
    found = index.letters(replace(wanted, has_value=False), 1)
    if found:
        letter = found[0]
        where = f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"
        message = f"The dead letter {letter.id} has no value: its {letter.missing_bytes} bytes were too many."
        fix = f"Take the record from where it stands ({where}), and put the others back by --reason, --key or --id."
        raise ConnectorError(Reason.PAYLOAD_TOO_LARGE, message, fix=fix)


def _batches(work: Work, in_order: Sequence[Place], mixed: Sequence[Place]) -> Iterator[Sequence[Consumed | Place]]:
    """What transactions are made of: the records, or only their places where their values do not matter."""
    if work.target is None:
        yield from _cut([*in_order, *sorted(mixed)])
        return
    with closing(Places(work.bootstrap_servers, work.topic)) as places:
        yield from _cut_records(_chosen(work, _stream(places, in_order)))
        for some in _cut(mixed):
            # Few enough to hold, and to put into the order in which they first stood.
            found = {(record.partition, record.offset): record for record in _stream(places, sorted(some))}
            yield from _cut_records(_chosen(work, [found[place] for place in some if place in found]))


def _stream(places: Places, wanted: Sequence[Place]) -> Iterator[Consumed]:
    for partition, some in groupby(wanted, key=lambda place: place[0]):
        for records in places.records(partition, [offset for _, offset in some]):
            yield from records


def _chosen(work: Work, records: Iterable[Consumed]) -> Iterator[Consumed]:
    return (record for record in records if work.chosen is None or work.chosen(record))


def _cut(places: Sequence[Place]) -> Iterator[Sequence[Place]]:
    rest = iter(places)
    while some := list(islice(rest, BATCH)):
        yield some


def _cut_records(records: Iterable[Consumed]) -> Iterator[list[Consumed]]:
    batch: list[Consumed] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.value or b"")
        if len(batch) == BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _messages(work: Work, batch: Sequence[Consumed | Place]) -> list[Message]:
    messages = [_put_back(work, work.target, one) for one in batch if isinstance(one, Consumed) and work.target]
    places = sorted((one.partition, one.offset) if isinstance(one, Consumed) else one for one in batch)
    for partition, some in groupby(places, key=lambda place: place[0]):
        messages.append(marker(work.topic, partition, [offset for _, offset in some], work.resolution))
    return messages


def _put_back(work: Work, target: str, record: Consumed) -> Message:
    message = plain(target, record) if work.as_new else replay(target, record)
    return message if work.edit is None else message._replace(value=work.edit(record))


def _keep_pace(work: Work, done: int, started: float) -> None:
    if work.events_per_second is not None:
        time.sleep(max(0.0, started + done / work.events_per_second - time.monotonic()))


def put_back(bootstrap_servers: str, topic: str, target: str, wanted: Filter, resolution: Resolution) -> int:
    """Put letters back to a sink's replay topic as they are. Raises as `resolve`."""
    return resolve(Work(bootstrap_servers, topic, target, resolution), wanted)
