"""What becomes of the user's own events, told as it happens."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from router.delivery.dead_letter import header_values
from router.dev.example.pipeline import Answered, Pipeline
from router.dev.example.receiver import Receiver
from router.dev.example.screen import Screen
from router.dev.example.table import Table
from router.dev.example.tail import Tail
from router.dev.example.watch import DEAD_LETTERS, TOPICS
from router.dlq.index import fold
from router.kafka.consumer import Consumed

_LOOK_SECONDS = 0.1


class Arrivals:
    """Everything after it has been made is news; the rest is the story's."""

    def __init__(self, pipeline: Pipeline, tail: Tail, table: Table, receiver: Receiver) -> None:
        self._pipeline = pipeline
        self._tail = tail
        self._table = table
        self._receiver = receiver
        self._read = {topic: len(tail.records[topic]) for topic in (*TOPICS, *DEAD_LETTERS.values())}
        self._keys = {_attributes(record)[2] for topic in TOPICS for record in tail.records[topic]}
        self._awaited: list[tuple[str, str]] = []
        self._refused: Counter[str] = Counter()
        self._repeated = 0
        self._dropped = 0

    async def show(self, screen: Screen, check: Callable[[], None]) -> None:
        """Say what happens, for ever. Raises what `check` raises; ConnectorError if the pipeline ends by itself."""
        answered = await self._pipeline.answered()
        self._note(answered)
        while True:
            check()
            self._pipeline.check()
            self._tail.check()
            async for line in self._news():
                screen.literally(f"{datetime.now().astimezone():%H:%M:%S}  {line}")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _news(self) -> AsyncIterator[str]:
        answered = await self._pipeline.answered()
        for reason, count in (Counter(answered.refused) - self._refused).items():
            yield f"ingress   refused {count}: {reason}"
        if answered.repeated > self._repeated:
            yield f"ingress   accepted {answered.repeated - self._repeated} again, which is delivered no second time"
        if answered.filtered > self._dropped:
            yield f"ingress   accepted {answered.filtered - self._dropped}, which a route drops"
        self._note(answered)
        for topic in TOPICS:
            for record in self._new(topic):
                yield f"Kafka     {self._arrived(record)}"
        async for line in self._delivered():
            yield line
        for label, topic in DEAD_LETTERS.items():
            for letter in fold(self._new(topic)):
                self._forget(label, letter.event_id)
                yield f"{label:<9} refused {letter.event_id}: {letter.message} It is a dead letter now."

    def _note(self, answered: Answered) -> None:
        self._refused = Counter(answered.refused)
        self._repeated, self._dropped = answered.repeated, answered.filtered

    def _arrived(self, record: Consumed) -> str:
        event_id, event_type, key = _attributes(record)
        place = f"{event_type} {event_id} is on {record.topic}, partition {record.partition}, offset {record.offset}"
        if key in self._keys:
            return f"{place}: a duplicate, which is delivered no second time"
        self._keys.add(key)
        self._awaited += [("Postgres", event_id), ("HTTP", event_id)]
        return place

    async def _delivered(self) -> AsyncIterator[str]:
        for label, event_id in tuple(self._awaited):
            if label == "Postgres" and await self._table.has(event_id):
                self._forget(label, event_id)
                yield f"Postgres  {event_id} is a row of shop_events"
            elif label == "HTTP" and self._receiver.accepted[event_id]:
                self._forget(label, event_id)
                yield f"HTTP      {event_id} was accepted by the receiver"

    def _forget(self, label: str, event_id: str) -> None:
        self._awaited = [awaited for awaited in self._awaited if awaited != (label, event_id)]

    def _new(self, topic: str) -> list[Consumed]:
        records = self._tail.records[topic][self._read[topic] :]
        self._read[topic] += len(records)
        return records


def _attributes(record: Consumed) -> tuple[str, str, str]:
    """The event's id, its type, and its idempotency key."""
    headers = header_values(record.headers)
    return headers.get("ce_id", ""), headers.get("ce_type", ""), headers.get("idempotency-key", "")
