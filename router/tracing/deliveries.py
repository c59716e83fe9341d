"""The spans of deliveries: one for each sampled event, from its first attempt to its end."""

from dataclasses import replace
from typing import NamedTuple

from opentelemetry.trace import SpanKind

from router.api import Action, ConnectorError, Sink, TopicPartition
from router.delivery.lane import Waiting
from router.delivery.stage import Stage
from router.delivery.writer import Chunk, Item, Refuse, Terms, Writer, undisturbed
from router.kafka.consumer import Consumed
from router.tracing.context import is_sampled
from router.tracing.tracer import Recorded, SpanMaker


class SinkTracing(NamedTuple):
    """What makes a sink's spans. name: the sink's; group: its consumer group."""

    spans: SpanMaker
    name: str
    group: str


class TracedWriter(Writer):
    """A writer that hands the sink each sampled event with the `traceparent` of its delivery's span."""

    def __init__(
        self,
        sink: Sink,
        partition: TopicPartition,
        refuse: Refuse,
        terms: Terms,
        tracing: SinkTracing,
    ) -> None:
        async def refuse_and_note(record: Consumed, stage: Stage, error: ConnectorError) -> None:
            self._note(record.offset, error)
            await refuse(record, stage, error)

        super().__init__(sink, partition, refuse_and_note, terms)
        name = tracing.name
        self._spans = tracing.spans
        self._open: dict[int, Recorded] = {}
        self._name = f"{name} {partition.topic}"
        self._attributes: dict[str, str | int] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "deliver",
            "messaging.operation.type": "process",
            "messaging.destination.name": partition.topic,
            "messaging.destination.partition.id": str(partition.partition),
            "messaging.consumer.group.name": tracing.group,
            "con.connector": name,
        }

    async def write(self, chunk: Chunk, waiting: Waiting = undisturbed) -> None:
        """As Writer.write."""
        sampled = [index for index, item in enumerate(chunk.items) if is_sampled(item.event.traceparent)]
        if not sampled:
            await super().write(chunk, waiting)
            return
        offsets = [chunk.items[index].record.offset for index in sampled]
        try:
            await super().write(self._begin(chunk, sampled), waiting)
        except BaseException as error:
            for offset in offsets:
                self._open[offset].fail(error)
            raise
        finally:
            for offset in offsets:
                self._open.pop(offset).end()

    async def _offer(self, chunk: Chunk, waiting: Waiting) -> None:
        try:
            await super()._offer(chunk, waiting)
        except ConnectorError as error:
            for item in chunk.items:
                recorded = self._open.get(item.record.offset)
                if recorded is not None:
                    recorded.span.add_event("attempt failed", {"error.type": str(error.reason)})
            raise

    def _begin(self, chunk: Chunk, sampled: list[int]) -> Chunk:
        items = list(chunk.items)
        for index in sampled:
            record, event = items[index]
            attributes = self._attributes | {
                "messaging.kafka.offset": record.offset,
                "messaging.batch.message_count": len(items),
            }
            recorded = self._spans.follow(self._name, SpanKind.CONSUMER, event.traceparent, attributes)
            if recorded is not None:
                self._open[record.offset] = recorded
                items[index] = Item(record, event._replace(traceparent=recorded.traceparent))
        return replace(chunk, items=tuple(items))

    def _note(self, offset: int, error: ConnectorError) -> None:
        recorded = self._open.get(offset)
        if recorded is not None and error.action is not Action.ACCEPT:
            recorded.fail(error)
