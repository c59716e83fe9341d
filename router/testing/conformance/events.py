"""The events that the suite offers to a sink."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

from router.api import Batch, Event, Schema, TopicPartition

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
KEYS = 3
"""How many ordering keys the events have."""

Data = bytes | Mapping[str, Any] | None


def new_partition() -> TopicPartition:
    """A partition that no sink knows yet."""
    return TopicPartition("suite-cluster", uuid4().hex, "suite.events.v1", 0)


class Events(NamedTuple):
    """The log of a partition: event number n has the offset n, the id `event-n` and the key n modulo KEYS."""

    data: Callable[[int], Data]
    schema: Schema | None
    partition: TopicPartition

    def event(self, number: int) -> Event:
        """The event of this number."""
        return Event(
            id=f"event-{number}",
            source="/suite/source",
            type="suite.happened",
            subject=f"subject-{number % KEYS}",
            time=NOW,
            datacontenttype="application/json",
            dataschema=None,
            tenant=None,
            idempotency_key=f"/suite/source#event-{number}",
            traceparent=None,
            ingested_at=NOW,
            connector="source",
            data=self.data(number),
            key=b"key-%d" % (number % KEYS),
            version=number,
        )

    def batch(self, first: int, following: int) -> Batch:
        """The events from `first` up to, not including, `following`."""
        events = tuple(self.event(number) for number in range(first, following))
        return Batch(self.partition, events, first, following, self.schema)

    def alone(self, event: Event, offset: int) -> Batch:
        """A batch of this event only, at this offset."""
        return Batch(self.partition, (event._replace(version=offset),), offset, offset + 1, self.schema)

    def without(self, first: int, following: int) -> Batch:
        """A batch that covers these offsets without an event, as if all were dead-lettered."""
        return Batch(self.partition, (), first, following, None)

    def batches(self, first: int, following: int, most: int) -> Iterator[Batch]:
        """The same in batches of at most so many."""
        for start in range(first, following, most):
            yield self.batch(start, min(start + most, following))

    def odd(self, first: int) -> Iterator[tuple[str, Event]]:
        """Events at the limits of what may come, with what is odd about each; numbered from `first`."""
        oddities: tuple[tuple[str, dict[str, Any]], ...] = (
            ("no data, which means deletion", {"data": None}),
            ("no subject, no time, no content type", {"subject": None, "time": None, "datacontenttype": None}),
            ("attributes beyond ASCII", {"id": "ид-😀-" + "é" * 240, "subject": "zażółć 😀", "type": "ünï.cödé"}),
            ("the longest idempotency key", {"idempotency_key": "/suite/source#" + "k" * 498}),
            ("a time before the epoch", {"time": datetime(1, 1, 1, tzinfo=UTC)}),
            ("a tenant and a trace", {"tenant": "t" * 128, "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}),
            ("a key that is no text", {"key": bytes(range(256))}),
        )
        if self.schema is None:
            oddities += (
                ("no bytes at all", {"data": b""}),
                ("bytes that are no JSON", {"data": b'{"unclosed": "\xff\x00'}),
                ("a large body", {"data": b'{"text": "' + b"x" * 900_000 + b'"}'}),
            )
        for number, (what, changes) in enumerate(oddities, first):
            yield what, self.event(number)._replace(**changes)
