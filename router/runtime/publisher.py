"""From a receiver's records to durable envelopes: route, encode, produce."""

from collections.abc import Sequence

from router.api import Record
from router.envelope.message import Envelopes
from router.kafka.producer import AsyncProducer, Message
from router.observability.metrics import SourceMetrics
from router.routing import Dropped, Router


class Publisher:
    """One source's way to Kafka. `publish` returns when every record is durable or dropped by a route."""

    def __init__(self, router: Router, envelopes: Envelopes, producer: AsyncProducer, metrics: SourceMetrics) -> None:
        self._router = router
        self._envelopes = envelopes
        self._producer = producer
        self._metrics = metrics

    async def publish(self, records: Sequence[Record], traceparent: str | None) -> Sequence[Message]:
        """What was written. traceparent: the trace of the request that brought the records, for those without one.

        Raises ConnectorError; then the records must be offered again, some may be durable already.
        """
        messages = await self.messages(records, traceparent)
        await self._producer.send(messages)
        for message in messages:
            self._metrics.published(message.topic)
        return messages

    async def messages(self, records: Sequence[Record], traceparent: str | None) -> list[Message]:
        """What is to be written, of those that no route drops. Raises ConnectorError."""
        messages = []
        envelopes = self._envelopes
        for record in records:
            routed = self._router.route(record)
            if isinstance(routed, Dropped):
                self._metrics.filtered()
            else:
                trace = record.traceparent or traceparent
                encoder = envelopes.known_encoder(routed, record) or await envelopes.encoder(routed, record)
                messages.append(envelopes.message(encoder, record, routed, trace))
        return messages
