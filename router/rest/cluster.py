"""What the API knows of the pipeline, followed in its topics, and what it may change there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from router.config.models import Pipeline
from router.config.names import connectors_topic, status_topic
from router.control.follow import Follow
from router.control.records import fold_connectors, fold_statuses
from router.control.store import ConnectorStore
from router.kafka.topics import Topics
from router.rest.statuses import View

_SEEN_SECONDS = 5.0


class Cluster:
    """The topics of connectors and of statuses."""

    def __init__(self, pipeline: Pipeline) -> None:
        servers, name = pipeline.kafka.bootstrap_servers, pipeline.name
        self.store = ConnectorStore(servers, name)
        self._topics = Topics(servers)
        self._any_topic = connectors_topic(name)
        self._connectors = Follow(servers, connectors_topic(name), fold_connectors)
        self._statuses = Follow(servers, status_topic(name), fold_statuses)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow the topics, which exist, as long as the context lasts."""
        async with self._connectors, self._statuses:
            yield

    @property
    def is_ready(self) -> bool:
        """Whether both topics have been read to where they ended at the start."""
        return self._connectors.caught_up and self._statuses.caught_up

    def view(self) -> View:
        """What is known now."""
        return View.at_present(self._connectors.current, self._statuses.current)

    async def until(self, holds: Callable[[View], bool], seconds: float = _SEEN_SECONDS) -> View:
        """Wait until it holds of what is known, but not longer than this. Returns what is known then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not holds(self.view()):
                    changes = [asyncio.create_task(one.changed()) for one in (self._connectors, self._statuses)]
                    try:
                        await asyncio.wait(changes, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        for change in changes:
                            change.cancel()
        return self.view()

    async def cluster_id(self) -> str:
        """Kafka's own id. Raises ConnectorError."""
        return (await self._topics.partition(self._any_topic, 0)).cluster_id
