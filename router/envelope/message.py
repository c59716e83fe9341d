"""From a record to the Kafka message that carries it: the envelope's attributes, its encoding, its headers."""

import time
from hashlib import blake2b

from router.api import ConnectorError, Reason, Record
from router.envelope.attributes import Attributes
from router.envelope.codec import Encoder, micros
from router.envelope.registry import Registry
from router.kafka.producer import Headers, Message
from router.routing import Routed

MAX_KEY_CHARACTERS = 512


class Envelopes:
    """Makes the messages of one source."""

    def __init__(self, pipeline: str, source: str, tenant: str | None, registry: Registry) -> None:
        self.uri = f"/{pipeline}/{source}"
        self._uri = self.uri.encode()
        self._source = source.encode()
        self._source_header = ("ce_source", self._uri)
        self._tenant = tenant
        self._registry = registry

    def known_encoder(self, routed: Routed, record: Record) -> Encoder | None:
        """What encodes the record, if its schema is known to be registered: the hot path, without waiting."""
        return self._registry.known_encoder(routed.topic, record.schema)

    async def encoder(self, routed: Routed, record: Record) -> Encoder:
        """What encodes the record, whose schema is registered first if it may be.

        Raises ConnectorError: SCHEMA_REJECTED, SCHEMA_FROZEN, SCHEMA_PAUSED, REGISTRY_UNAVAILABLE.
        """
        return await self._registry.encoder(routed.topic, record.schema, routed.drift)

    def message(self, encoder: Encoder, record: Record, routed: Routed, traceparent: str | None) -> Message:
        """The message; traceparent: the trace that it goes on.

        Raises ConnectorError: ENCODE_FAILED if an attribute or the data is not what it should be.
        """
        try:
            attributes = self._attributes(record, traceparent)
            value = encoder.encode(attributes, record.data)
            key = routed.key or attributes.idempotency_key
            return Message(routed.topic, key, value, self._headers(attributes))
        except (TypeError, ValueError, AttributeError) as error:
            message = f"An attribute of the record is not what it should be ({type(error).__name__})."
            raise ConnectorError(Reason.ENCODE_FAILED, message) from error

    def _attributes(self, record: Record, traceparent: str | None) -> Attributes:
        tenant = record.tenant if record.tenant is not None else self._tenant
        return Attributes(
            record.id.encode(),
            self._uri,
            record.type.encode(),
            _encoded(record.subject),
            None if record.time is None else micros(record.time),
            _encoded(record.datacontenttype),
            None,
            _encoded(tenant),
            _idempotency_key(tenant, self.uri, record.idempotency_key or record.id),
            _encoded(traceparent),
            time.time_ns() // 1000,
            self._source,
        )

    def _headers(self, attributes: Attributes) -> Headers:
        """The attributes again, so that a filter need not decode the value."""
        headers: Headers = [
            ("ce_id", attributes.id),
            self._source_header,
            ("ce_type", attributes.type),
            ("idempotency-key", attributes.idempotency_key),
        ]
        if attributes.subject is not None:
            headers.append(("ce_subject", attributes.subject))
        if attributes.traceparent is not None:
            headers.append(("traceparent", attributes.traceparent))
        return headers


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _idempotency_key(tenant: str | None, uri: str, identity: str) -> bytes:
    """Of tenant, source and id: the same id of two tenants, or two sources, is not the same event."""
    key = f"{tenant}{uri}#{identity}" if tenant else f"{uri}#{identity}"
    if len(key) <= MAX_KEY_CHARACTERS:
        return key.encode()
    return f"{uri}#blake2b-{blake2b(key.encode(), digest_size=32).hexdigest()}".encode()
