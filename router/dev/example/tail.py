"""Reads topics as they grow, from their beginning, with the runtime's own consumer."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from router.kafka.clients import consumer
from router.kafka.consumer import Consumed, GroupConsumer, Place

_AT_ONCE = 1_000


class Tail:
    """What is on the topics. records: those of each topic, in the order in which they were read."""

    def __init__(self, bootstrap_servers: str, topics: Sequence[str], group: str) -> None:
        self.records: dict[str, list[Consumed]] = defaultdict(list)
        # The group is this reader's alone, and nothing is ever committed to it.
        self._consumer = GroupConsumer(consumer(bootstrap_servers, "con-example", group), topics, self)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def check(self) -> None:
        """Raises what has ended the reading, if it has ended."""
        if self._task is not None and self._task.done():
            self._task.result()

    async def assigned(self, places: Collection[Place]) -> None:
        """Read these partitions from their beginning (told by the consumer)."""
        self._consumer.resume(places)

    async def revoked(self, places: Collection[Place], *, lost: bool) -> Mapping[Place, int]:  # noqa: ARG002  Assignments
        """Nothing is to be committed (asked by the consumer)."""
        return {}

    async def _read(self) -> None:
        try:
            while True:
                for record in await self._consumer.fetch(_AT_ONCE):
                    self.records[record.topic].append(record)
        finally:
            await self._consumer.close()
