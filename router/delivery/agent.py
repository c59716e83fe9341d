"""A sink's agent: consumes its topics and delivers every partition that the group gives it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from router.api import ConnectorError, PositionedSink, Reason, Sink, TopicPartition
from router.delivery.backoff import Backoff
from router.delivery.breaker import Breaker
from router.delivery.claims import KeyClaims
from router.delivery.concurrency import Concurrency
from router.delivery.dead_letter import Refusal, dead_letter, without_value
from router.delivery.flood import Flood, FloodLimits
from router.delivery.gate import Gate
from router.delivery.key_index import KeyIndexes, KeySettings
from router.delivery.observer import DeliveryObserver
from router.delivery.pace import Pace
from router.delivery.partition import Limits, PartitionWorker, Wiring
from router.delivery.reader import Reader
from router.delivery.saving import Saving
from router.delivery.stage import Stage
from router.delivery.writer import Refuse, Terms, Writer
from router.envelope.registry import Registry
from router.kafka.clients import consumer as consumer_settings
from router.kafka.consumer import Consumed, GroupConsumer, Place
from router.kafka.producer import AsyncProducer
from router.kafka.topics import Topics

_FETCH_EVENTS = 5_000


MakeWriter = Callable[[Sink, TopicPartition, Refuse, Terms], Writer]
"""Makes the writer of a partition."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """What distinguishes one sink's agent from another's.

    max_events_per_second: of all the sink's agents together. drain_seconds: how long writes may finish at a stop.
    """

    sink: str
    connector_version: str
    bootstrap_servers: str
    group: str
    topics: tuple[str, ...]
    replay_topic: str
    dead_letter_topic: str
    keys: KeySettings
    limits: Limits
    backoff: Backoff
    flood: FloodLimits
    give_up_after_seconds: float
    max_events_per_second: float | None = None
    drain_seconds: float = 5.0


class SinkAgent:
    """Runs until stopped or until an error that waiting does not mend."""

    def __init__(
        self,
        settings: AgentSettings,
        sink: Sink,
        registry: Registry,
        topics: Topics,
        producer: AsyncProducer,
        observer: DeliveryObserver,
        writer: MakeWriter = Writer,
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._registry = registry
        self._topics = topics
        self._producer = producer
        self._observer = observer
        self._make_writer = writer
        self._workers: dict[Place, PartitionWorker] = {}
        self._whole = 0
        self._stopping = asyncio.Event()
        self._failure: BaseException | None = None
        config = consumer_settings(settings.bootstrap_servers, f"con-{settings.sink}", settings.group)
        self._consumer = GroupConsumer(config, (*settings.topics, settings.replay_topic), self, from_group=False)
        self._keys = KeyIndexes(settings.bootstrap_servers, settings.keys)
        pace = None
        if settings.max_events_per_second is not None:
            pace = Pace(settings.max_events_per_second, asyncio.get_running_loop().time())
        self._gate = Gate(Breaker(settings.backoff), Concurrency(), pace, observer.left_alone)
        self._flood = Flood(settings.flood)
        self._letters = asyncio.Lock()
        self._saving = Saving(self._keys, producer, self._consumer.store, settings.backoff, observer)

    async def run(self) -> None:
        """Deliver until `stop`. Raises what ended a partition; nothing unfinished is acknowledged."""
        self._observer.state("running")
        try:
            while not self._stopping.is_set() and self._failure is None:
                self._distribute(await self._consumer.fetch(_FETCH_EVENTS))
                self._saving.save(self._offsets())
        finally:
            await self._consumer.close()
            # The consumer gives its partitions back as it closes, unless it got no further for want of a broker.
            await self.revoked(tuple(self._workers), lost=True)
            await self._saving.close()
            self._observer.state("stopped" if self._failure is None else "failed")
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Let `run` finish what is under way and return."""
        self._stopping.set()

    async def assigned(self, places: Collection[Place]) -> None:
        """Begin with these partitions (told by the consumer)."""
        for place in places:
            partition = await self._topics.partition(*place)
            replayed = place[0] == self._settings.replay_topic
            worker = self._worker(place, partition, replayed=replayed)
            self._workers[place] = worker
            worker.start()
        if self._gate.pace is not None:
            self._whole = await self._topics.count((*self._settings.topics, self._settings.replay_topic))
        self._share()

    async def revoked(self, places: Collection[Place], *, lost: bool) -> Mapping[Place, int]:
        """End with these partitions (told by the consumer); returns the offsets to commit."""
        leaving = {place: self._workers.pop(place) for place in places if place in self._workers}
        drain_seconds = 0 if lost or self._failure is not None else self._settings.drain_seconds
        await asyncio.gather(*(worker.stop(drain_seconds) for worker in leaving.values()))
        done = {place: offset for place, worker in leaving.items() if (offset := worker.next_offset) is not None}
        saved = await self._saving.leave(places, lost=lost)
        for _, number in leaving:
            self._keys.let_go(number)
        self._share()
        # What the topic of keys does not have is delivered again rather than forgotten.
        return done if saved else {}

    def _share(self) -> None:
        """Take as much of the sink's rate as we have of its partitions, so that all agents together keep to it."""
        rate = self._settings.max_events_per_second
        if self._gate.pace is not None and rate is not None and self._workers:
            share = rate * len(self._workers) / max(self._whole, len(self._workers))
            self._gate.pace.change(share, asyncio.get_running_loop().time())

    def _worker(self, place: Place, partition: TopicPartition, *, replayed: bool) -> PartitionWorker:
        settings = self._settings
        dead: set[int] = set()

        async def refuse(record: Consumed, stage: Stage, error: ConnectorError) -> None:
            await self._refuse(record, stage, error, replayed=replayed)

        async def refuse_written(record: Consumed, stage: Stage, error: ConnectorError) -> None:
            await refuse(record, stage, error)
            dead.add(record.offset)

        reader = Reader(
            self._registry, settings.backoff, settings.give_up_after_seconds, self._observer, replayed=replayed
        )
        terms = Terms(settings.backoff, settings.give_up_after_seconds, self._observer, self._gate, self._flood)
        writer = self._make_writer(self._sink, partition, refuse_written, terms)
        wiring = Wiring(
            self._sink,
            self._consumer,
            refuse,
            settings.backoff,
            settings.limits,
            self._observer,
            self._flood,
            self._fail,
        )
        keys = KeyClaims(self._keys.hold(place[1]), dead, positioned=isinstance(self._sink, PositionedSink))
        return PartitionWorker(place, partition, reader, writer, keys, wiring)

    def _distribute(self, records: Sequence[Consumed]) -> None:
        by_place: dict[Place, list[Consumed]] = defaultdict(list)
        for record in records:
            by_place[record.topic, record.partition].append(record)
        for place, some in by_place.items():
            if place in self._workers:
                self._workers[place].offer(some)

    def _offsets(self) -> Mapping[Place, int]:
        workers = self._workers.items()
        return {place: offset for place, worker in workers if (offset := worker.next_offset) is not None}

    async def _refuse(self, record: Consumed, stage: Stage, error: ConnectorError, *, replayed: bool) -> None:
        """Write the dead letter; for as long as that fails, the record is kept and nothing moves past it."""
        settings = self._settings
        await self._unless_flooded()
        refusal = Refusal.now(settings.sink, stage, error, settings.connector_version)
        letter = dead_letter(settings.dead_letter_topic, record, refusal, replayed=replayed)
        attempt = 0
        while True:
            try:
                await self._producer.send([letter])
            except ConnectorError as blocked:
                if blocked.reason is Reason.PAYLOAD_TOO_LARGE and letter.value is not None:
                    letter = without_value(letter)
                    continue
                attempt += 1
                seconds = settings.backoff.seconds(blocked, attempt)
                self._observer.failed(Reason.DLQ_UNAVAILABLE, seconds)
                await asyncio.sleep(seconds)
            else:
                self._observer.dead_lettered(error.reason)
                return

    async def _unless_flooded(self) -> None:
        """While nearly everything is refused, one record at a time is dead-lettered, after the longest delay."""
        if self._flood.is_on:
            async with self._letters:
                if self._flood.is_on:
                    seconds = self._settings.backoff.max_seconds
                    self._observer.failed(Reason.DLQ_FLOODED, seconds)
                    await asyncio.sleep(seconds)
        self._flood.refused()

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
