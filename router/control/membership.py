"""Which partitions of the topic of tasks are ours: a member of the workers' group."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from router.config.names import tasks_topic, workers_group
from router.kafka.clients import CLASSIC_PROTOCOL
from router.kafka.clients import consumer as consumer_settings
from router.kafka.consumer import GroupConsumer, Place

Release = Callable[[frozenset[int], bool], Awaitable[None]]
"""Told which partitions go, and whether they are gone already; they go on to somebody else when it returns."""


class Membership:
    """Classic protocol: there a worker that is dead is noticed after the session that it asked for, six seconds.

    changed: called after every change. has_joined: whether the group has said, by now, what is ours.
    """

    def __init__(self, bootstrap_servers: str, pipeline: str, release: Release, changed: Callable[[], None]) -> None:
        settings = consumer_settings(bootstrap_servers, f"con-{pipeline}-worker", workers_group(pipeline))
        self._release = release
        self._changed = changed
        self._consumer = GroupConsumer(settings, [tasks_topic(pipeline)], self, protocol=CLASSIC_PROTOCOL)
        self._stopping = asyncio.Event()
        self.owned: frozenset[int] = frozenset()
        self.has_joined = False

    async def run(self) -> None:
        """Be a member until `stop`. Raises ConnectorError for what waiting does not mend."""
        try:
            while not self._stopping.is_set():
                await self._consumer.fetch(1)
        finally:
            await self._consumer.close()

    def stop(self) -> None:
        """Let `run` leave the group and return."""
        self._stopping.set()

    async def assigned(self, places: Collection[Place]) -> None:
        """These are ours now (told by the consumer)."""
        self.owned |= {partition for _, partition in places}
        self.has_joined = True
        self._changed()

    async def revoked(self, places: Collection[Place], *, lost: bool) -> Mapping[Place, int]:
        """These are not ours any longer (told by the consumer); nothing is ever committed."""
        leaving = frozenset(partition for _, partition in places)
        self.owned -= leaving
        self._changed()
        await self._release(leaving, lost)
        return {}
