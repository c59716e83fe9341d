"""How the members of a sink's group share its partitions, on the real broker."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from router.dev.endpoints import Endpoints
from router.kafka.clients import consumer
from router.kafka.consumer import GroupConsumer, Place
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
