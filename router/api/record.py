"""What a source hands over: records, and how far it has read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Schema:
    """The Avro schema of a record's data, as parsed JSON. Streams with the same schema share one object."""

    avro: Mapping[str, Any]


class Encoded(Mapping[str, Any]):
    """A record's data that is in Avro already, by the record's schema. It is a mapping for whoever looks into it.

    avro: the bytes. read: makes the mapping, if somebody does.
    """

    __slots__ = ("_read", "_values", "avro")

    def __init__(self, avro: bytes, read: Callable[[], Mapping[str, Any]]) -> None:
        self.avro = avro
        self._read = read
        self._values: Mapping[str, Any] | None = None

    def __getitem__(self, name: str) -> Any:
        return self._mapping()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._mapping())

    def __len__(self) -> int:
        return len(self._mapping())

    def _mapping(self) -> Mapping[str, Any]:
        if self._values is None:
            self._values = self._read()
        return self._values


class Record(NamedTuple):
    """One event as a source saw it, in the words of CloudEvents 1.0. The runtime adds the rest of the envelope.

    A tuple, since one is made for every event of the hot path.

    id: the event's id at its origin; with tenant and source it makes the idempotency key, unless that is given.
    type: what happened, such as `order.paid`.
    data: the body's bytes, kept byte-exact, or, with `schema`, a mapping that the schema describes, which may be
        `Encoded`.
    time: when it happened, with a time zone; None if the origin does not say.
    subject: what it happened to; the ordering key unless that is given, or a route says otherwise.
    headers: request or message headers that rules may match, names in lower case, without any secret.
    traceparent: the W3C trace context that the event arrived with.
    key: the ordering key, where it is not the subject.
    idempotency_key: what makes two records the same event, where it is not the id.
    """

    id: str
    type: str
    data: bytes | Mapping[str, Any] | None
    time: datetime | None = None
    subject: str | None = None
    datacontenttype: str | None = None
    schema: Schema | None = None
    tenant: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    traceparent: str | None = None
    key: str | None = None
    idempotency_key: str | None = None


Position = Mapping[str, Any]
"""The next unread position of a stream, as JSON that a person can read and edit."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a source will go on in a stream."""

    stream: str
    position: Position


@dataclass(frozen=True, slots=True)
class Stream:
    """Something that a source can read: a table, a collection, a feed.

    schema: of each record's data; None where it is bytes.
    key: the fields that identify a record; empty if there are none.
    estimated_records: how many there may be; None if the origin does not say.
    """

    name: str
    schema: Schema | None
    key: tuple[str, ...] = ()
    estimated_records: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What a backfill reads again: from `start` up to, not including, `end`, in the words of the source.

    None: from the beginning, or up to what is there when it begins.
    """

    start: str | None
    end: str | None
