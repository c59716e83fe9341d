"""What the delivery tests deliver, and who watches."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from router.api import ConnectorError, Event, Reason, TopicPartition
from router.delivery.backoff import Backoff
from router.delivery.breaker import Breaker
from router.delivery.concurrency import Concurrency
from router.delivery.flood import Flood, FloodLimits
from router.delivery.gate import Gate
from router.delivery.stage import Stage
from router.delivery.writer import Chunk, Item, Terms
from router.kafka.consumer import Consumed

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PARTITION = TopicPartition("cluster", "topic-id", "orders.v1", 0)


def event(number: int) -> Event:
    return Event(
        id=f"e{number}",
        source="/shop/orders",
        type="order.paid",
        subject=None,
        time=None,
        datacontenttype=None,
        dataschema=None,
        tenant=None,
        idempotency_key=f"/shop/orders#e{number}",
        traceparent=None,
        ingested_at=NOW,
        connector="orders",
        data=b"{}",
        key=b"k",
        version=number,
    )


def record(offset: int, value: bytes = b"", message: Any = None) -> Consumed:
    return Consumed("orders.v1", 0, offset, b"k", value, message)


def chunk(*offsets: int, first: int | None = None, following: int | None = None) -> Chunk:
    items = tuple(Item(record(offset), event(offset)) for offset in offsets)
    return Chunk(
        items,
        offsets[0] if first is None else first,
        offsets[-1] + 1 if following is None else following,
        None,
    )


async def until(condition: Callable[[], bool]) -> None:
    """Wait for the condition; the test's own limit ends the wait."""
    while not condition():  # noqa: ASYNC110  what is waited for has no event
        await asyncio.sleep(0.001)


def gate() -> Gate:
    """One that is open as long as the target works."""
    return Gate(Breaker(Backoff(0.001, 0.002)), Concurrency(), None, lambda _: None)


@dataclass
class Watch:
    """An observer that remembers."""

    delivered_events: int = 0
    duplicates: int = 0
    failures: list[Reason] = field(default_factory=list)
    dead: list[Reason] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    held: int = 0
    targets_left_alone: int = 0

    def delivered(self, events: int, duplicates: int, seconds: float) -> None:
        self.delivered_events += events
        self.duplicates += duplicates

    def deduplicated(self, events: int) -> None:
        self.duplicates += events

    def failed(self, reason: Reason, retry_in_seconds: float) -> None:
        self.failures.append(reason)

    def dead_lettered(self, reason: Reason) -> None:
        self.dead.append(reason)

    def state(self, state: str) -> None:
        self.states.append(state)

    def buffered(self, change: int) -> None:
        self.held += change

    def left_alone(self, is_left_alone: bool) -> None:
        self.targets_left_alone += is_left_alone


def terms(watch: Watch, give_up_after_seconds: float) -> Terms:
    return Terms(Backoff(0.001, 0.002), give_up_after_seconds, watch, gate(), Flood(FloodLimits(50, 100)))


@dataclass
class Refusals:
    """Dead letters in memory."""

    letters: list[tuple[int, Stage, Reason]] = field(default_factory=list)

    async def __call__(self, record: Consumed, stage: Stage, error: ConnectorError) -> None:
        self.letters.append((record.offset, stage, error.reason))
