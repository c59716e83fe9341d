"""From a record to the Kafka message that carries it: the envelope's attributes, its encoding, its headers."""

import time
from hashlib import blake2b

from router.api import ConnectorError, Reason, Record
from router.envelope.codec import micros
from router.envelope.registry import Registry
from router.kafka.producer import Headers, Message

MAX_KEY_CHARACTERS = 512


class Envelopes:
    """Makes the messages of one source."""

    def __init__(self, pipeline: str, source: str, tenant: str | None, registry: Registry) -> None:
        self.uri = f"/{pipeline}/{source}"
        self._source = source
        self._tenant = tenant
        self._registry = registry

    async def message(self, record: Record, topic: str, key: bytes, traceparent: str | None) -> Message:
        """The message; traceparent: the trace that it goes on.

        Raises ConnectorError: ENCODE_FAILED if an attribute or the data is not what it should be, SCHEMA_REJECTED,
        REGISTRY_UNAVAILABLE.
        """
        encoder = await self._registry.encoder(topic, record.schema)
        tenant = record.tenant if record.tenant is not None else self._tenant
        try:
            idempotency_key = _idempotency_key(tenant, self.uri, record.id)
            value = encoder.encode(
                {
                    "id": record.id,
                    "source": self.uri,
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
            headers = self._headers(record, idempotency_key, traceparent)
            return Message(topic, key or idempotency_key.encode(), value, headers)
        except (TypeError, ValueError, AttributeError) as error:
            message = f"An attribute of the record is not what it should be ({type(error).__name__})."
            raise ConnectorError(Reason.ENCODE_FAILED, message) from error

    def _headers(self, record: Record, idempotency_key: str, traceparent: str | None) -> Headers:
        """The attributes again, so that a filter need not decode the value."""
        headers: Headers = [
            ("ce_id", record.id.encode()),
            ("ce_source", self.uri.encode()),
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
