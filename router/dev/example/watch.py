"""Looks at every place of the example at once: senders, ingress, topics, table, receiver, dead letters."""

from collections import Counter
from collections.abc import Sequence

from router.config.names import dead_letter_topic
from router.delivery.dead_letter import header_values
from router.dev.example.counts import Counts, SinkCounts
from router.dev.example.pipeline import Pipeline
from router.dev.example.receiver import Receiver
from router.dev.example.sender import Sender
from router.dev.example.table import Table
from router.dev.example.tail import Tail
from router.dlq.index import fold
from router.dlq.letters import Letter

PIPELINE = "shop"
TOPICS = ("shop.github.v1", "shop.orders.v1")
SINKS = {"Postgres": "events-db", "HTTP": "notify"}
"""The sinks of pipeline.yaml, by what people call them."""
DEAD_LETTERS = {label: dead_letter_topic(PIPELINE, sink) for label, sink in SINKS.items()}


class Watch:
    """Where the numbers come from; none of them is counted at two places, and no two at the same."""

    def __init__(
        self, run: str, sender: Sender, pipeline: Pipeline, tail: Tail, table: Table, receiver: Receiver
    ) -> None:
        self._prefix = f"{run}-"
        self._sender = sender
        self._pipeline = pipeline
        self._tail = tail
        self._table = table
        self._receiver = receiver
        self._keys: Counter[str] = Counter()
        self._read = dict.fromkeys(TOPICS, 0)

    async def counts(self) -> Counts:
        """The numbers now. Raises ConnectorError if the pipeline or the reading of the topics has ended."""
        self._pipeline.check()
        self._tail.check()
        answered = await self._pipeline.answered()
        self._read_on()
        targets = {
            "Postgres": await self._table.count(self._prefix),
            "HTTP": sum(count for event_id, count in self._receiver.accepted.items() if self._is_ours(event_id)),
        }
        return Counts(
            posted=self._sender.posted,
            accepted=self._sender.accepted,
            refused=answered.refused,
            repeated=answered.repeated,
            dropped=answered.filtered,
            on_topics=self._keys.total(),
            copies=self._keys.total() - len(self._keys),
            sinks={label: self._sink(label, targets[label]) for label in SINKS},
        )

    def letters(self, label: str) -> Sequence[Letter]:
        """The open dead letters of this run and sink."""
        letters = fold(self._tail.records[DEAD_LETTERS[label]])
        return [letter for letter in letters if self._is_ours(letter.event_id)]

    def _sink(self, label: str, delivered: int) -> SinkCounts:
        records = self._tail.records[DEAD_LETTERS[label]]
        ever = sum(self._is_ours(header_values(record.headers).get("ce_id", "")) for record in records)
        still = len(self.letters(label))
        return SinkCounts(delivered, still, ever - still)

    def _is_ours(self, event_id: str) -> bool:
        return event_id.startswith(self._prefix)

    def _read_on(self) -> None:
        """Count the idempotency keys of what has come to the topics since the last time."""
        for topic, start in self._read.items():
            records = self._tail.records[topic]
            for record in records[start:]:
                headers = header_values(record.headers)
                if self._is_ours(headers.get("ce_id", "")):
                    self._keys[headers.get("idempotency-key", "")] += 1
            self._read[topic] = len(records)
