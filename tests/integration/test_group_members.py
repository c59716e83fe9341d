"""How the members of a sink's group share its partitions, on the real broker."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from router.dev.endpoints import Endpoints
from router.kafka.clients import consumer, producer
from router.kafka.consumer import GroupConsumer, Place
from router.kafka.producer import AsyncProducer, Message
from router.kafka.topics import Topics, TopicSpec

PARTITIONS = 4
MEMBERS = 2


class Member:
    """Consumes nothing, and knows what it was given."""

    def __init__(self, endpoints: Endpoints, group: str, topics: tuple[str, ...]) -> None:
        self.places: set[Place] = set()
        self._consumer = GroupConsumer(consumer(endpoints.bootstrap_servers, group, group), topics, self)

    async def assigned(self, places: Collection[Place]) -> None:
        self.places |= set(places)

    async def revoked(self, places: Collection[Place], *, lost: bool) -> Mapping[Place, int]:
        self.places -= set(places)
        return {}

    async def turn(self) -> None:
        await self._consumer.fetch(1)

    async def close(self) -> None:
        await self._consumer.close()


async def test_two_members_share_the_events_and_not_only_the_partitions(
    endpoints: Endpoints, unique: Callable[[], str]
) -> None:
    events, replay = f"{unique()}.v1", f"{unique()}.replay"
    spec = TopicSpec(PARTITIONS, 1, 1, None)
    await Topics(endpoints.bootstrap_servers).ensure({events: spec, replay: spec})
    members = [Member(endpoints, f"{events}.group", (events, replay)) for _ in range(MEMBERS)]

    async with asyncio.timeout(60):
        while sum(len(member.places) for member in members) < 2 * PARTITIONS or not all(m.places for m in members):
            await asyncio.gather(*(member.turn() for member in members))
    shares = [Counter(topic for topic, _ in member.places) for member in members]
    await asyncio.gather(*(member.close() for member in members))

    assert shares == [{events: PARTITIONS // MEMBERS, replay: PARTITIONS // MEMBERS}] * MEMBERS


class Reader:
    """Begins the events' partitions at an offset of its own choice, some time after it was given them.

    It begins those of the quiet topic at once, so that a fetch is under way, behind which look-ups of offsets wait.
    """

    def __init__(self, endpoints: Endpoints, events: str, quiet: str, number: int) -> None:
        self.first: dict[Place, int] = {}
        self._quiet = quiet
        self._delay_seconds = 0.02 * number
        self._beginnings: list[asyncio.Task[None]] = []
        settings = consumer(endpoints.bootstrap_servers, events, f"{events}.group{number}")
        self._consumer = GroupConsumer(settings, (events, quiet), self, from_group=False)

    async def assigned(self, places: Collection[Place]) -> None:
        self._beginnings += [asyncio.create_task(self._begin(place)) for place in places]

    async def revoked(self, places: Collection[Place], *, lost: bool) -> Mapping[Place, int]:
        return {}

    async def run(self) -> None:
        """Fetch until something of every partition of the events has come."""
        while len(self.first) < PARTITIONS:
            for record in await self._consumer.fetch(100):
                self.first.setdefault((record.topic, record.partition), record.offset)
        await asyncio.gather(*self._beginnings)
        await self._consumer.close()

    async def _begin(self, place: Place) -> None:
        if place[0] == self._quiet:
            await self._consumer.begin(place, 0, ready=lambda: None)
        else:
            await asyncio.sleep(self._delay_seconds)
            await self._consumer.begin(place, 5, ready=lambda: None)


async def test_a_partition_begins_where_it_was_told_to_whatever_was_being_looked_up(
    endpoints: Endpoints, unique: Callable[[], str]
) -> None:
    events, quiet = f"{unique()}.v1", f"{unique()}.quiet"
    spec = TopicSpec(PARTITIONS, 1, 1, None)
    await Topics(endpoints.bootstrap_servers).ensure({events: spec, quiet: spec})
    messages = [Message(events, None, b"%d" % number, [], number % PARTITIONS) for number in range(10 * PARTITIONS)]
    async with AsyncProducer(producer(endpoints.bootstrap_servers, events)) as sender:
        await sender.send(messages)

    readers = [Reader(endpoints, events, quiet, number) for number in range(16)]
    async with asyncio.timeout(60):
        await asyncio.gather(*(reader.run() for reader in readers))

    assert [set(reader.first.values()) for reader in readers] == [{5}] * len(readers)
