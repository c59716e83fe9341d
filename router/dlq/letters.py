"""A dead letter as people see it, read from the record in the dead-letter topic."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from router.api import reasons as names
from router.dlq.markers import Resolution
from router.kafka.consumer import Consumed

_LONGEST_SHAPE = 300
_DIGITS = 20
_LARGEST = (1 << 63) - 1
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_VARYING = re.compile(r"\b(?=\w*\d)[\w.+:-]*\w")
"""A word with a digit: an id, an address, a number, a time."""

_READ = (
    names.HEADER_CLASS,
    names.HEADER_REASON,
    names.HEADER_MESSAGE,
    names.HEADER_ATTEMPT,
    names.HEADER_FIRST_AT,
    names.HEADER_LAST_AT,
    names.HEADER_TOPIC,
    names.HEADER_PARTITION,
    names.HEADER_OFFSET,
    names.HEADER_VALUE_BYTES,
    names.CONNECT_STAGE,
    "ce_id",
    "ce_source",
    "ce_tenant",
    "ce_type",
    "idempotency-key",
    "traceparent",
)

Place = tuple[int, int]
"""Partition and offset in the dead-letter topic."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter, without its value.

    place: where it stands. shape: the message without what differs from event to event. topic, partition, offset: where
    the record first stood; the topic is empty for a source's, which has not been in any. attempt: how often it has been
    refused, replays included. size: of the value, in bytes. missing_bytes: the size of a value that was too large to
    be kept, and stands in the original record only; None if the letter has its value. resolution: what has become of
    it; None while it is open.
    """

    place: Place
    error_class: str
    reason: str
    stage: str
    message: str
    shape: str
    attempt: int
    first_at: datetime | None
    last_at: datetime
    topic: str
    partition: int
    offset: int
    key: bytes | None
    event_id: str
    event_type: str
    tenant: str
    trace: str
    size: int
    missing_bytes: int | None = None
    resolution: Resolution | None = None

    @property
    def id(self) -> str:
        """`partition:offset` in the dead-letter topic."""
        return f"{self.place[0]}:{self.place[1]}"


def letter_of(record: Consumed) -> Letter:
    """The letter that a record of a dead-letter topic is."""
    # Only what is looked at is decoded: a letter has two dozen headers.
    raw = dict(record.headers)
    headers = {name: _text(raw[name]) for name in _READ if name in raw}
    message = headers.get(names.HEADER_MESSAGE, "")
    return Letter(
        place=(record.partition, record.offset),
        error_class=headers.get(names.HEADER_CLASS, ""),
        reason=headers.get(names.HEADER_REASON, ""),
        stage=headers.get(names.CONNECT_STAGE, ""),
        message=message,
        shape=shape(message),
        attempt=_number(headers.get(names.HEADER_ATTEMPT), 1),
        first_at=_time(headers.get(names.HEADER_FIRST_AT)),
        last_at=_time(headers.get(names.HEADER_LAST_AT)) or datetime.fromtimestamp(record.timestamp_ms / 1000, UTC),
        topic=headers.get(names.HEADER_TOPIC, "") if names.HEADER_OFFSET in headers else "",
        partition=_number(headers.get(names.HEADER_PARTITION), 0),
        offset=_number(headers.get(names.HEADER_OFFSET), 0),
        key=record.key,
        event_id=headers.get("ce_id", ""),
        event_type=headers.get("ce_type", ""),
        tenant=_tenant(headers),
        trace=headers.get("traceparent", ""),
        size=len(record.value or b""),
        missing_bytes=_number(headers[names.HEADER_VALUE_BYTES], 0) if names.HEADER_VALUE_BYTES in headers else None,
    )


def shape(message: str) -> str:
    """What messages of the same kind have in common: quoted text and words with digits are left out."""
    return _VARYING.sub("#", _QUOTED.sub("'…'", message[: 4 * _LONGEST_SHAPE]))[:_LONGEST_SHAPE]


def _text(value: str | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""


def _tenant(headers: Mapping[str, str]) -> str:
    """What the idempotency key of a tenant's event begins with, before the source (see `router.envelope.message`)."""
    tenant, source, _ = headers.get("idempotency-key", "").partition(f"{headers.get('ce_source', '')}#")
    return tenant if source else headers.get("ce_tenant", "")


def _number(text: str | None, otherwise: int) -> int:
    number = int(text) if text and text.isascii() and text.isdigit() and len(text) < _DIGITS else otherwise
    return min(number, _LARGEST)


def _time(milliseconds: str | None) -> datetime | None:
    number = _number(milliseconds, -1)
    return datetime.fromtimestamp(number / 1000, UTC) if 0 <= number < 1 << 45 else None
