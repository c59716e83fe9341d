"""Keys before offsets: an offset is stored only when the topic of keys has every key that was delivered before it."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

from router.api import ConnectorError
from router.delivery.backoff import Backoff
from router.delivery.key_index import KeyIndexes
from router.delivery.observer import DeliveryObserver
from router.kafka.consumer import Place
from router.kafka.producer import AsyncProducer, Message

_EVERY_SECONDS = 0.05
"""Seldom enough that a record holds the keys of many events, which makes the topic quick to read."""

_LEAVE_SECONDS = 5

Store = Callable[[Mapping[Place, int]], None]


class Saving:
    """Of a sink's agent. One save at a time, away from the deliveries. store: marks offsets as done."""

    def __init__(
        self,
        indexes: KeyIndexes,
        producer: AsyncProducer,
        store: Store,
        backoff: Backoff,
        observer: DeliveryObserver,
    ) -> None:
        self._indexes = indexes
        self._producer = producer
        self._store = store
        self._backoff = backoff
        self._observer = observer
        self._stored: dict[Place, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._next = 0.0

    def save(self, offsets: Mapping[Place, int]) -> None:
        """Begin to save, if it is time. offsets: everything before them is done; kept up to now, all keys included."""
        now = asyncio.get_running_loop().time()
        if now >= self._next and not self._is_saving():
            self._next = now + _EVERY_SECONDS
            self._begin({place: offset for place, offset in offsets.items() if self._stored.get(place) != offset})

    async def leave(self, places: Collection[Place], *, lost: bool) -> bool:
        """Save what is left before these partitions go; whether that was possible in time."""
        saved = not lost
        if saved:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LEAVE_SECONDS):
                    await self._settle()
                    self._begin({})
                    await self._settle()
            saved = not self._is_saving()
        for place in places:
            self._stored.pop(place, None)
        return saved

    async def close(self) -> None:
        """End a save that cannot succeed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _is_saving(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _settle(self) -> None:
        if self._task is not None:
            await asyncio.wait({self._task})

    def _begin(self, moved: Mapping[Place, int]) -> None:
        if messages := self._indexes.take_unsaved():
            self._task = asyncio.create_task(self._save(messages, moved))
        elif moved:
            self._done(moved)

    async def _save(self, messages: Sequence[Message], moved: Mapping[Place, int]) -> None:
        attempt = 0
        while True:
            try:
                await self._producer.send(messages)
            except ConnectorError as error:
                attempt += 1
                seconds = self._backoff.seconds(error, attempt)
                self._observer.failed(error.reason, seconds)
                await asyncio.sleep(seconds)
            else:
                self._done(moved)
                return

    def _done(self, moved: Mapping[Place, int]) -> None:
        self._store(moved)
        self._stored.update(moved)
