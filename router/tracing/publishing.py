"""The span of publishing what a request brought."""

from collections.abc import Sequence

from opentelemetry.trace import SpanKind

from router.api import Record
from router.envelope.message import Envelopes
from router.kafka.producer import AsyncProducer, Message
from router.observability.metrics import SourceMetrics
from router.routing import Router
from router.runtime.publisher import Publisher
from router.tracing.tracer import Attributes, SpanMaker


class TracedPublisher(Publisher):
    """A publisher whose spans end when the records are durable. The events' `traceparent` is the span's."""

    def __init__(
        self, router: Router, envelopes: Envelopes, producer: AsyncProducer, metrics: SourceMetrics, spans: SpanMaker
    ) -> None:
        super().__init__(router, envelopes, producer, metrics)
        self._spans = spans

    async def publish(self, records: Sequence[Record], traceparent: str | None) -> Sequence[Message]:
        """As Publisher.publish."""
        attributes: Attributes = {
            "messaging.system": "kafka",
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            "messaging.batch.message_count": len(records),
        }
        recorded = self._spans.follow("send", SpanKind.PRODUCER, traceparent, attributes)
        if recorded is None:
            return await super().publish(records, traceparent)
        try:
            messages = await super().publish(records, recorded.traceparent)
            if len(topics := {message.topic for message in messages}) == 1:
                [topic] = topics
                recorded.span.update_name(f"send {topic}")
                recorded.span.set_attribute("messaging.destination.name", topic)
        except BaseException as error:
            recorded.fail(error)
            raise
        finally:
            recorded.end()
        return messages
