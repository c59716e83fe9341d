"""The Kafka sink while brokers hang and agents are killed: nothing is lost, nothing doubled."""

import asyncio
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import pytest

from router.api import Action, Batch, ConnectorError, ErrorClass, Reason, TopicPartition
from router.dev.endpoints import Endpoints
from router.dev.stack import Stack
from sinks.kafka.config import KafkaConfig
from sinks.kafka.sink import KafkaSink, open_sink
from tests.integration.kafka_topics import Topic, noise
from tests.integration.pipeline import Lab, crashing, lab, running
from tests.integration.postgres_sinks import failure
from tests.unit.sinks.examples import PARTITION, batch, event

EVENTS = 3_000
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
async def made(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Lab]:
    async with lab(endpoints, unique()) as one:
        yield one


@pytest.fixture
def topic(endpoints: Endpoints, unique: Callable[[], str]) -> Topic:
    return Topic(endpoints, unique(), partitions=3)


def config(topic: Topic, **changes: object) -> KafkaConfig:
    return KafkaConfig.model_validate(topic.settings | changes)


def ids(topic: Topic) -> Counter[str]:
    return Counter(one.text("ce_id") for one in topic.read())


@contextmanager
def hanging(stack: Stack) -> Iterator[None]:
    """The broker answers nothing while the context lasts."""
    pid = stack.component("kafka").pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def written(topic: Topic, count: int) -> None:
    """Wait until so many records are committed; the test's own limit ends the wait."""
    while len(await asyncio.to_thread(topic.read)) < count:  # noqa: ASYNC110  what is waited for has no event
        await asyncio.sleep(0.1)


async def claimed(sink: KafkaSink, partition: TopicPartition) -> int | None:
    """Claim for as long as the runtime would, which waits for a target that is away."""
    while True:
        try:
            return await sink.claim(partition)
        except Exception as error:
            if getattr(error, "action", None) not in (Action.RETRY, Action.REOPEN):
                raise


@pytest.mark.parametrize("moment", [0.0, 0.004, 0.01])
async def test_a_broker_that_hangs_in_a_transaction_leaves_all_of_it_or_nothing(
    endpoints: Endpoints, stack: Stack, topic: Topic, moment: float
) -> None:
    async with open_sink(config(topic, timeout_seconds=5), topic.name) as sink:
        await sink.claim(PARTITION)
        await sink.write(batch([event(0)], 0))
        writing = asyncio.create_task(sink.write(batch([event(number) for number in range(1, 500)], 1)))
        await asyncio.sleep(moment)
        with hanging(stack):
            [outcome] = await asyncio.gather(writing, return_exceptions=True)
        if isinstance(outcome, ConnectorError):
            assert (outcome.error_class, outcome.action) == (ErrorClass.INDETERMINATE, Action.REOPEN)
            assert (await failure(sink.write(batch([event(500)], 500)))).error_class is ErrorClass.FENCED
        else:
            # It was done before the broker hung, which cannot be so if that came at once.
            assert (outcome, moment > 0) == (0, True)
        position = await claimed(sink, PARTITION)
        committed = len(ids(topic))

    assert position == committed
    assert position in ((1, 500) if isinstance(outcome, ConnectorError) else (500,))


class CrashError(Exception):
    """What nobody foresaw."""


class CrashingSink(KafkaSink):
    """Fails once for good, right after a commit of which the runtime does not get to know."""

    def __init__(self, inner: KafkaSink, after_batches: int) -> None:
        super().__init__(inner._config, inner._name)
        self._left = after_batches

    async def write(self, batch: Batch) -> int:
        known = await super().write(batch)
        self._left -= 1
        if self._left == 0:
            raise CrashError
        return known


async def test_a_commit_that_the_runtime_never_heard_of_is_not_repeated(made: Lab, topic: Topic) -> None:
    await made.publish(range(EVENTS))
    async with open_sink(config(topic), topic.name) as inner:
        sink = CrashingSink(inner, 5)
        async with crashing(made.agent(sink, batch=100)) as task:
            with pytest.raises(CrashError):
                await asyncio.shield(task)
        await sink.close()
    before = len(ids(topic))

    async with open_sink(config(topic), topic.name) as again, running(made.agent(again, batch=100)) as task:
        await written(topic, EVENTS)
        assert not task.done()

    assert 0 < before < EVENTS
    assert ids(topic) == Counter(f"e{number}" for number in range(EVENTS))


async def test_a_record_that_only_the_broker_refuses_becomes_a_dead_letter_alone(made: Lab, topic: Topic) -> None:
    async with open_sink(config(topic), topic.name) as sink, running(made.agent(sink)) as task:
        await made.publish(range(10), keys=1)
        await written(topic, 10)
        topic.change("max.message.bytes", "20000")
        await made.producer.send([made.message(10, 1, noise(40_000))])
        await made.publish(range(11, 30), keys=1)

        await written(topic, 29)
        assert not task.done()

    assert ids(topic) == Counter(f"e{number}" for number in range(30) if number != 10)
    assert made.watch.dead == [Reason.PAYLOAD_TOO_LARGE]


def deliver(endpoints: Endpoints, prefix: str, settings: dict[str, object]) -> None:
    """An agent with the sink, until its process is killed."""

    async def run() -> None:
        async with lab(endpoints, prefix) as made, open_sink(KafkaConfig.model_validate(settings), prefix) as sink:
            await made.agent(sink, batch=20, buffered=100).run()

    asyncio.run(run())


async def test_agents_that_are_killed_lose_and_double_nothing(made: Lab, topic: Topic) -> None:
    await made.publish(range(EVENTS), keys=50)

    for share in (0.2, 0.5, 1.0):
        agent = SPAWN.Process(target=deliver, args=(made.endpoints, made.prefix, topic.settings))
        agent.start()
        await written(topic, int(share * EVENTS))
        agent.kill()
        agent.join()

    assert ids(topic) == Counter(f"e{number}" for number in range(EVENTS))
    assert in_order(topic)


def in_order(topic: Topic) -> bool:
    last: dict[bytes | None, int] = {}
    for one in topic.read():
        number = int(one.text("ce_id")[1:])
        if last.get(one.key, -1) >= number:
            return False
        last[one.key] = number
    return True
