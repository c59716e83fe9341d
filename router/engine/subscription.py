"""Subscribing without Faust: a loop over the events of topics, which is acknowledged by going on."""

import asyncio
import time
from collections import deque
from collections.abc import Collection, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any, Self

from router.api import ConnectorError, Reason
from router.delivery.dead_letter import header_values
from router.engine.envelope import Envelope
from router.engine.handling import Handling, failed
from router.engine.memory import Memory
from router.engine.settings import EngineSettings
from router.engine.topics import dead_letters
from router.envelope.registry import Registry
from router.kafka.clients import consumer as consumer_settings
from router.kafka.clients import producer as producer_settings
from router.kafka.consumer import Consumed, GroupConsumer, Place
from router.kafka.producer import AsyncProducer
from router.kafka.topics import Topics
from router.runtime.topics import ensure

_FETCH_EVENTS = 500


def subscribe(
    settings: EngineSettings, *topics: str, types: Collection[str] | None = None, stop: asyncio.Event | None = None
) -> "Subscription":
    """Take part in the topics' events of these types (None: of all), as an async context manager and an iterator.

    stop: ends the loop when it is set, after the event that is at work.
    """
    return Subscription(settings, topics, types, stop or asyncio.Event())


class Subscription:
    """An event is acknowledged when the loop comes back for the next one; until then a restart gets it again.

    If the loop is left by an exception, its event is not acknowledged. An event that cannot be decoded is
    dead-lettered, and one that a loop cannot handle it may `refuse`. The idempotency keys of what was handled are
    remembered while the subscription lasts; unlike an EngineApp's they do not outlive it. The loop must come back
    within five minutes, or the partition is given to somebody else, and the event with it.
    """

    def __init__(
        self, settings: EngineSettings, topics: Collection[str], types: Collection[str] | None, stop: asyncio.Event
    ) -> None:
        self._settings = settings
        self._topics = tuple(topics)
        self._types = None if types is None else frozenset(types)
        self._stop = stop
        self._resources = AsyncExitStack()
        self._fetched: deque[Consumed] = deque()
        self._memories: dict[Place, Memory] = {}
        self._at_work: tuple[Consumed, Envelope] | None = None
        self._done: dict[Place, int] = {}
        self._began = 0.0

    async def __aenter__(self) -> Self:
        """Subscribe. Raises ConnectorError if the brokers refuse it; brokers that are away are waited for."""
        servers, name = self._settings.bootstrap_servers, self._settings.name
        async with self._resources:
            registry = self._resources.enter_context(Registry(self._settings.registry_url))
            producer = AsyncProducer(producer_settings(servers, f"con-{name}-dlq"))
            await self._resources.enter_async_context(producer)
            await ensure(Topics(servers), dead_letters(self._settings), self._stop)
            self._handling = Handling(self._settings, registry, producer)
            self._consumer = GroupConsumer(consumer_settings(servers, f"con-{name}", name), self._topics, self)
            self._resources.push_async_callback(self._consumer.close)
            self._handling.observer.state("running")
            self._stopping = asyncio.create_task(self._stop.wait())
            self._resources = self._resources.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave the group; what is acknowledged is committed."""
        self._stopping.cancel()
        await self._resources.aclose()
        self._handling.observer.state("stopped")

    def __aiter__(self) -> Self:
        """The loop."""
        return self

    async def __anext__(self) -> Envelope:
        """The next event; the one before is acknowledged. Raises ConnectorError if the group refuses us."""
        if self._at_work is not None:
            self._handled(*self._at_work)
        while not self._stop.is_set():
            if not self._fetched:
                self._fetched.extend(await self._consumer.fetch(_FETCH_EVENTS))
                continue
            record = self._fetched.popleft()
            event = await self._unless_stopped(self._wanted(record))
            if event is not None:
                self._at_work = record, event
                self._began = time.perf_counter()
                return event
            self._acknowledge(record)
        raise StopAsyncIteration

    async def refuse(self, event: Envelope, error: BaseException) -> None:
        """Dead-letter the event that is at work; returns when its dead letter is durable, and goes on after it.

        Raises ConnectorError (USAGE) if it is another event.
        """
        if self._at_work is None or self._at_work[1] is not event:
            raise ConnectorError(Reason.USAGE, "Only the event that is at work can be refused.")
        record = self._at_work[0]
        await self._handling.refuse(record, failed(error))
        self._at_work = None
        self._acknowledge(record)

    async def assigned(self, places: Collection[Place]) -> None:
        """Go on where the group left off."""
        for place in places:
            self._memories.pop(place, None)
        self._consumer.resume(places)

    async def revoked(self, places: Collection[Place], *, lost: bool) -> Mapping[Place, int]:
        """Forget what was fetched of these. Called while events are fetched, so that none is at work, or at the end."""
        self._fetched = deque(record for record in self._fetched if (record.topic, record.partition) not in places)
        done = {place: self._done.pop(place) for place in places if place in self._done}
        return {} if lost else done

    async def _unless_stopped(self, work: Coroutine[Any, Any, Envelope | None]) -> Envelope | None:
        """What the work returns. Raises StopAsyncIteration if it waits in vain while a stop is asked for."""
        task = asyncio.create_task(work)
        await asyncio.wait([task, self._stopping], return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait([task], timeout=self._settings.drain_seconds)
        if not task.done():
            task.cancel()
            raise StopAsyncIteration
        return task.result()

    async def _wanted(self, record: Consumed) -> Envelope | None:
        stated = header_values(record.headers).get("ce_type")
        if self._types is not None and stated is not None and stated not in self._types:
            return None
        event = await self._handling.read(record)
        if event is None or (self._types is not None and event.type not in self._types):
            return None
        if self._memory(record).has(event.idempotency_key, time.time()):
            self._handling.observer.deduplicated(1)
            return None
        return event

    def _handled(self, record: Consumed, event: Envelope) -> None:
        self._at_work = None
        self._memory(record).add(event.idempotency_key, time.time())
        self._handling.observer.delivered(1, 0, time.perf_counter() - self._began)
        self._acknowledge(record)

    def _acknowledge(self, record: Consumed) -> None:
        place = record.topic, record.partition
        self._done[place] = record.offset + 1
        self._consumer.store({place: record.offset + 1})

    def _memory(self, record: Consumed) -> Memory:
        place = record.topic, record.partition
        memory = self._memories.get(place)
        if memory is None:
            memory = self._memories[place] = Memory(
                {}, "", self._settings.remember_keys, self._settings.remember_seconds
            )
        return memory
