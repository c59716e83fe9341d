"""A topic with envelopes and an agent that delivers them, for the tests of the delivery core."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from router.api import Sink
from router.delivery.agent import AgentSettings, SinkAgent
from router.delivery.backoff import Backoff
from router.delivery.flood import FloodLimits
from router.delivery.key_index import KeySettings
from router.delivery.lane import BatchLimits
from router.delivery.partition import Limits
from router.dev.endpoints import Endpoints
from router.dlq.markers import Outcome, Resolution
from router.envelope.codec import Encoder
from router.envelope.registry import Registry
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer, Message
from router.kafka.topics import Topics, TopicSpec
from tests.unit.delivery.doubles import Watch
from tests.unit.envelope.examples import encoded, envelope

PARTITIONS = 4
AGAIN = Resolution(Outcome.PUT_BACK, "the test", "", datetime.now(UTC))
"""Why the tests put dead letters back."""


@dataclass
class Lab:
    """Topics of its own on the real broker, and what is needed to write to them."""

    endpoints: Endpoints
    prefix: str
    producer: AsyncProducer
    registry: Registry
    topics: Topics
    encoder: Encoder
    watch: Watch = field(default_factory=Watch)

    @property
    def topic(self) -> str:
        return f"{self.prefix}.v1"

    @property
    def dead_letters(self) -> str:
        return f"{self.prefix}.sink.dlq"

    @property
    def replay(self) -> str:
        return f"{self.prefix}.sink.replay"

    @property
    def group(self) -> str:
        return f"{self.prefix}.group"

    @property
    def keys(self) -> str:
        return f"{self.prefix}.sink.keys"

    async def publish(self, numbers: Sequence[int], keys: int = 7) -> None:
        """One event for each number; number n has the key n modulo keys."""
        await self.producer.send([self.message(number, keys) for number in numbers])

    def message(self, number: int, keys: int = 7, data: bytes | None = None) -> Message:
        body = b"%d" % number if data is None else data
        value = encoded(self.encoder, envelope(id=f"e{number}", idempotency_key=f"i{number}", data=body))
        return Message(self.topic, b"k%d" % (number % keys), value, [("ce_id", b"e%d" % number)])

    def agent(
        self,
        sink: Sink,
        *,
        lanes: int = 1,
        batch: int = 100,
        buffered: int = 1_000,
        max_events_per_second: float | None = None,
    ) -> SinkAgent:
        settings = AgentSettings(
            sink="sink",
            connector_version="1",
            bootstrap_servers=self.endpoints.bootstrap_servers,
            group=self.group,
            topics=(self.topic,),
            replay_topic=self.replay,
            dead_letter_topic=self.dead_letters,
            keys=KeySettings(self.keys, 604_800, 100_000),
            limits=Limits(lanes, BatchLimits(batch, 1 << 24), True, buffered, 1 << 25),
            backoff=Backoff(0.05, 0.2),
            flood=FloodLimits(50, 100),
            give_up_after_seconds=0,
            max_events_per_second=max_events_per_second,
        )
        return SinkAgent(settings, sink, self.registry, self.topics, self.producer, self.watch)


@asynccontextmanager
async def lab(endpoints: Endpoints, prefix: str) -> AsyncIterator[Lab]:
    """A lab with its topics made."""
    topics = Topics(endpoints.bootstrap_servers)
    with Registry(endpoints.registry_url) as registry:
        async with AsyncProducer(producer_settings(endpoints.bootstrap_servers, prefix)) as producer:
            encoder = await registry.encoder(f"{prefix}.v1", None)
            made = Lab(endpoints, prefix, producer, registry, topics, encoder)
            spec = TopicSpec(PARTITIONS, 1, 1, None)
            await topics.ensure(dict.fromkeys((made.topic, made.dead_letters, made.replay, made.keys), spec))
            for name in (made.topic, made.replay, made.keys):
                await topics.partition(name, 0)
            yield made


@asynccontextmanager
async def running(agent: SinkAgent) -> AsyncIterator[asyncio.Task[None]]:
    """The agent in the background; stopped at the end. Its failure is raised there."""
    task = asyncio.create_task(agent.run())
    try:
        yield task
    finally:
        agent.stop()
        await task


@asynccontextmanager
async def crashing(agent: SinkAgent) -> AsyncIterator[asyncio.Task[None]]:
    """The agent in the background, until it fails by itself."""
    task = asyncio.create_task(agent.run())
    try:
        yield task
    finally:
        agent.stop()
        with suppress(Exception):
            await task


async def until(condition: Callable[[], bool], task: asyncio.Task[None] | None = None) -> None:
    """Wait for the condition; a task that ends meanwhile raises its error. The test's own limit ends the wait."""
    while not condition():
        if task is not None and task.done():
            task.result()
        await asyncio.sleep(0.02)
