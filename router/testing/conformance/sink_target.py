"""What the author of a sink tells the suite about the place that it delivers to."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from router.api import ConnectorConfig, PositionedSink, Schema, Sink, SinkConnector, TopicPartition
from router.testing.conformance.claim import broken
from router.testing.conformance.events import Data, Events, new_partition
from router.testing.conformance.place import NAME, Place, validated


class Arrival(NamedTuple):
    """One effect of an event at the target. idempotency_key: None if the target does not get to know it."""

    id: str
    idempotency_key: str | None = None


class SinkTarget(Place):
    """A fresh and empty place for one test to deliver to.

    schema: the Avro schema of the events' data; None where it is bytes.
    """

    schema: Schema | None = None

    @property
    @abstractmethod
    def away(self) -> Mapping[str, Any]:
        """The same settings, but leading to where nothing can be delivered now: a closed port, a missing disk."""

    @abstractmethod
    async def arrived(self) -> Sequence[Arrival]:
        """What has arrived, once for each effect; in the order of arrival, as far as the target knows it."""

    def data(self, number: int) -> Data:
        """The data of the event of this number."""
        return b'{"number": %d}' % number

    def events(self, partition: TopicPartition | None = None) -> Events:
        """The suite's events as this target can take them."""
        return Events(self.data, self.schema, partition or new_partition())


class Delivery:
    """A sink that is open, and a partition that it has claimed if it keeps positions."""

    def __init__(self, connector: SinkConnector, sink: Sink, events: Events) -> None:
        self.sink = sink
        self.events = events
        self._most = connector.max_batch_events

    async def claim(self) -> int | None:
        """The position; None if the sink has none, or keeps none."""
        return await self.sink.claim(self.events.partition) if isinstance(self.sink, PositionedSink) else None

    async def write(self, first: int, following: int, most: int = 10) -> None:
        """Write these events in batches that the sink takes."""
        for batch in self.events.batches(first, following, min(most, self._most)):
            await self.sink.write(batch)


@asynccontextmanager
async def opened(
    connector: SinkConnector,
    target: SinkTarget,
    events: Events,
    *,
    config: ConnectorConfig | None = None,
    name: str = NAME,
) -> AsyncIterator[Delivery]:
    """The sink while the context lasts."""
    async with connector.open(config or validated(connector, target), name) as sink:
        yield Delivery(connector, sink, events)


async def expect(target: SinkTarget, events: Events, count: int, when: str) -> None:
    """Break the claim unless the first `count` events have arrived, each once and in order per key."""
    ids = [arrival.id for arrival in await target.arrived()]
    wanted = [events.event(number).id for number in range(count)]
    lost = [name for name in wanted if name not in set(ids)]
    if lost:
        broken(f"{when}, {len(lost)} of {count} events have not arrived, such as {lost[0]}")
    doubled = sorted({name for name in ids if ids.count(name) > 1}) if len(set(ids)) < len(ids) else []
    if doubled:
        broken(f"{when}, {len(doubled)} of {count} events have arrived more than once, such as {doubled[0]}")
    unknown = [name for name in ids if name not in set(wanted)]
    if unknown:
        broken(f"{when}, something arrived that should not have: {unknown[0]}")
    _check_order(events, ids, when)


def _check_order(events: Events, ids: Sequence[str], when: str) -> None:
    order = {events.event(number).id: events.event(number) for number in range(len(ids))}
    last: dict[bytes, int] = {}
    for name in ids:
        event = order[name]
        if event.version < last.get(event.key, -1):
            broken(f"{when}, {name} arrived after a later event of the same key")
        last[event.key] = event.version
