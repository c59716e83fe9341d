"""Dead letters as people see them, folded from the records of a dead-letter topic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from router.api import reasons as names
from router.delivery.dead_letter import RESOLVES, header_values
from router.kafka.consumer import Consumed

Place = tuple[int, int]
"""Partition and offset in the dead-letter topic."""

Refused = tuple[str, int, int, int]
"""Where the refused record first stood, and which of its attempts it was."""

_NOTHING: Refused = ("", -1, -1, -1)


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter that has not been put back.

    id: `partition:offset` in the dead-letter topic. topic, partition, offset: where the record first stood.
    attempt: how often it has been refused, replays included. missing_bytes: the size of a value that was too large to
    be kept, and stands in the original record only; None if the letter has its value. copies: the same refusal written
    again, after a crash between the dead letter and the position.
    """

    id: str
    record: Consumed
    error_class: str
    reason: str
    message: str
    attempt: int
    first_at: datetime | None
    last_at: datetime | None
    topic: str
    partition: int
    offset: int
    event_id: str
    event_type: str
    trace: str
    missing_bytes: int | None = None
    copies: tuple[Consumed, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant; None: whichever. since and until compare with the last refusal, until excluded."""

    reason: str | None = None
    key: bytes | None = None
    since: datetime | None = None
    until: datetime | None = None
    id: str | None = None

    def matches(self, letter: Letter) -> bool:
        """Whether the letter is meant."""
        return (
            (self.reason is None or self.reason in (letter.reason, letter.error_class))
            and (self.key is None or self.key == letter.record.key)
            and (self.since is None or (letter.last_at is not None and letter.last_at >= self.since))
            and (self.until is None or (letter.last_at is not None and letter.last_at < self.until))
            and (self.id is None or self.id == letter.id)
        )


def fold(records: Iterable[Consumed]) -> list[Letter]:
    """The open letters, oldest first: what was put back is left out, and a refusal written twice counts once.

    A refusal that is written again after the first was put back is a letter of its own: it may be new.
    """
    letters: dict[Refused, Letter] = {}
    stored: dict[Place, Refused] = {}
    for record in records:
        headers = header_values(record.headers)
        if RESOLVES in headers:
            letters.pop(stored.get(_place(headers[RESOLVES]), _NOTHING), None)
            continue
        letter = _letter(record, headers)
        refused = (letter.topic, letter.partition, letter.offset, letter.attempt)
        if names.HEADER_OFFSET not in headers:
            # A source's: it has not been in any topic before, and is never written twice.
            refused = ("", record.partition, record.offset, 0)
        stored[record.partition, record.offset] = refused
        first = letters.setdefault(refused, letter)
        if first is not letter:
            letters[refused] = replace(first, copies=(*first.copies, record))
    return sorted(letters.values(), key=lambda letter: letter.record.timestamp_ms)


def _letter(record: Consumed, headers: Mapping[str, str]) -> Letter:
    return Letter(
        id=f"{record.partition}:{record.offset}",
        record=record,
        error_class=headers.get(names.HEADER_CLASS, ""),
        reason=headers.get(names.HEADER_REASON, ""),
        message=headers.get(names.HEADER_MESSAGE, ""),
        attempt=_number(headers.get(names.HEADER_ATTEMPT), 1),
        first_at=_time(headers.get(names.HEADER_FIRST_AT)),
        last_at=_time(headers.get(names.HEADER_LAST_AT)),
        topic=headers.get(names.HEADER_TOPIC, ""),
        partition=_number(headers.get(names.HEADER_PARTITION), 0),
        offset=_number(headers.get(names.HEADER_OFFSET), 0),
        event_id=headers.get("ce_id", ""),
        event_type=headers.get("ce_type", ""),
        trace=headers.get("traceparent", ""),
        missing_bytes=_number(headers[names.HEADER_VALUE_BYTES], 0) if names.HEADER_VALUE_BYTES in headers else None,
    )


def _place(text: str) -> Place:
    partition, _, offset = text.partition(":")
    return _number(partition, -1), _number(offset, -1)


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else otherwise  # noqa: PLR2004  64 bits


def _time(milliseconds: str | None) -> datetime | None:
    number = _number(milliseconds, -1)
    return datetime.fromtimestamp(number / 1000, UTC) if 0 <= number < 1 << 45 else None
