"""From a source's records to durable envelopes: route, encode, produce."""

import time
from collections.abc import Sequence
from hashlib import blake2b

from router.api import Record
from router.envelope.codec import micros
from router.envelope.registry import Registry
from router.kafka.producer import AsyncProducer, Headers, Message
from router.observability.metrics import SourceMetrics
from router.routing import Dropped, Routed, Router

MAX_KEY_CHARACTERS = 512


class Publisher:
    """One source's way to Kafka. `publish` returns when every record is durable or dropped by a route."""

    def __init__(
        self,
        pipeline: str,
        source: str,
        tenant: str | None,
        router: Router,
        registry: Registry,
        producer: AsyncProducer,
        metrics: SourceMetrics,
    ) -> None:
        self._uri = f"/{pipeline}/{source}"
        self._source = source
        self._tenant = tenant
        self._router = router
        self._registry = registry
        self._producer = producer
        self._metrics = metrics

    async def publish(self, records: Sequence[Record], traceparent: str | None) -> None:
        """traceparent: the trace of the request that brought the records, for those that carry none.

        Raises ConnectorError; then the records must be offered again, some may be durable already.
        """
        messages = []
        for record in records:
            routed = self._router.route(record)
            if isinstance(routed, Dropped):
                self._metrics.filtered()
            else:
                messages.append(await self._message(record, routed, record.traceparent or traceparent))
        await self._producer.send(messages)
        for message in messages:
            self._metrics.published(message.topic)

    async def _message(self, record: Record, routed: Routed, traceparent: str | None) -> Message:
        encoder = await self._registry.encoder(routed.topic, record.schema)
        tenant = record.tenant if record.tenant is not None else self._tenant
        idempotency_key = _idempotency_key(tenant, self._uri, record.id)
        value = encoder.encode(
            {
                "id": record.id,
                "source": self._uri,
                "type": record.type,
                "subject": record.subject,
                "time": None if record.time is None else micros(record.time),
                "datacontenttype": record.datacontenttype,
                "dataschema": None,
                "tenant": tenant,
                "idempotency_key": idempotency_key,
                "traceparent": traceparent,
                "ingested_at": time.time_ns() // 1000,
                "connector": self._source,
                "data": record.data,
            }
        )
        key = routed.key or idempotency_key.encode()
        return Message(routed.topic, key, value, self._headers(record, idempotency_key, traceparent))

    def _headers(self, record: Record, idempotency_key: str, traceparent: str | None) -> Headers:
        """The attributes again, so that a filter need not decode the value."""
        headers: Headers = [
            ("ce_id", record.id.encode()),
            ("ce_source", self._uri.encode()),
            ("ce_type", record.type.encode()),
            ("idempotency-key", idempotency_key.encode()),
        ]
        if record.subject is not None:
            headers.append(("ce_subject", record.subject.encode()))
        if traceparent is not None:
            headers.append(("traceparent", traceparent.encode()))
        return headers


def _idempotency_key(tenant: str | None, uri: str, record_id: str) -> str:
    """Of tenant, source and id: the same id of two tenants, or two sources, is not the same event."""
    key = f"{tenant}{uri}#{record_id}" if tenant else f"{uri}#{record_id}"
    if len(key) <= MAX_KEY_CHARACTERS:
        return key
    return f"{uri}#blake2b-{blake2b(key.encode(), digest_size=32).hexdigest()}"
