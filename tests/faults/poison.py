"""One event in a hundred is poison: exactly those become dead letters, and the others do not suffer."""

import asyncio
import time
from collections import Counter
from typing import NamedTuple

from router.envelope.registry import Registry
from router.kafka.clients import producer as producer_settings
from router.kafka.consumer import Consumed
from router.kafka.log import read_topic
from router.kafka.producer import AsyncProducer, Message
from tests.faults.checker import check
from tests.faults.events import Place, body, digest, identity, ordering_key
from tests.faults.load import KEYS
from tests.faults.pipeline import Pipeline, pipeline
from tests.faults.report import Outcome, outcome
from tests.faults.scenario import Setting
from tests.faults.venom import VENOMS, Cook

_ONE_IN = 100
_PRODUCED_AT_ONCE = 5_000


class Poison(NamedTuple):
    """A record that must become a dead letter."""

    kind: str
    reason: str
    key: bytes | None
    value: bytes | None


async def poison(setting: Setting) -> Outcome:
    """All events are in the topic before the worker starts, so that good and bad ones share batches."""
    with pipeline(setting.stack, setting.run, setting.directory, setting.ports) as line:
        line.ingress.start()  # makes the topic
        await line.listening()
        good, poisons = await _produce(line, setting)
        line.worker.start()
        started = time.monotonic()
        await line.settled()
        seconds = time.monotonic() - started
        dead = await asyncio.to_thread(
            lambda: list(read_topic(line.endpoints.bootstrap_servers, line.dead_letter_topic))
        )
        found = await asyncio.to_thread(lambda: check(good, good.keys(), line.table.delivered()))
        origins = await asyncio.to_thread(
            lambda: {
                (one.partition, one.offset): one.headers
                for one in read_topic(line.endpoints.bootstrap_servers, line.topic)
            }
        )
        return outcome(
            "poison",
            setting.seed,
            events=len(good) + len(poisons),
            faults=len(poisons),
            verdict=found,
            recoveries=[seconds],
            problems=compare(line.topic, poisons, dead, origins),
        )
