"""The schema registry: registers envelopes, knows decoders, and remembers both."""

import asyncio
import json
from types import TracebackType
from typing import Self

from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from router.api import ConnectorError, Reason, Schema
from router.envelope.codec import Decoder, Encoder
from router.envelope.schema import admit, envelope_schema

_TIMEOUT_SECONDS = 10
_INCOMPATIBLE = 409
_UNPROCESSABLE = 422
_NOT_FOUND = 404


class Registry:
    """A cache over the registry's client. Ids and schemas never change, so nothing ever leaves the cache."""

    def __init__(self, url: str) -> None:
        self._client = SchemaRegistryClient({"url": url, "timeout": _TIMEOUT_SECONDS, "max.retries": 0})
        self._encoders: dict[tuple[str, int], tuple[Schema | None, Encoder]] = {}
        self._decoders: dict[int, Decoder] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    async def encoder(self, topic: str, schema: Schema | None) -> Encoder:
        """The encoder of the topic for data of this schema (None: bytes); registers it under `<topic>-value`.

        Raises ConnectorError: SCHEMA_REJECTED if it is incompatible with what is there, REGISTRY_UNAVAILABLE.
        """
        # By identity: a stream hands over the same Schema object with every record; keeping it pins its id.
        encoder = self.known_encoder(topic, schema)
        if encoder is None:
            encoder = await self._register(topic, schema)
            self._encoders[(topic, id(schema))] = (schema, encoder)
        return encoder

    def known_encoder(self, topic: str, schema: Schema | None) -> Encoder | None:
        """The encoder if it is cached: the hot path, without waiting."""
        cached = self._encoders.get((topic, id(schema)))
        return None if cached is None else cached[1]

    def known_decoder(self, schema_id: int) -> Decoder | None:
        """The decoder if it is cached: the hot path, without waiting."""
        return self._decoders.get(schema_id)

    async def decoder(self, schema_id: int) -> Decoder:
        """The decoder of a schema id. Raises ConnectorError: SCHEMA_UNKNOWN, SCHEMA_REJECTED, REGISTRY_UNAVAILABLE."""
        decoder = self._decoders.get(schema_id)
        if decoder is None:
            registered = await asyncio.to_thread(self._fetch, schema_id)
            decoder = self._decoders[schema_id] = Decoder.of(admit(registered))
        return decoder

    async def _register(self, topic: str, schema: Schema | None) -> Encoder:
        envelope = admit(json.dumps(envelope_schema(topic, schema.avro if schema else None)))
        registered = RegistrySchema(json.dumps(envelope), "AVRO")
        try:
            schema_id = await asyncio.to_thread(self._client.register_schema, f"{topic}-value", registered)
        except Exception as error:
            raise _translate(error, f"registering the schema of {topic}") from error
        return Encoder(schema_id, envelope)

    def _fetch(self, schema_id: int) -> str:
        try:
            schema = self._client.get_schema(schema_id)
        except Exception as error:
            raise _translate(error, f"reading schema {schema_id}") from error
        return schema.schema_str or ""


def _translate(error: Exception, doing: str) -> ConnectorError:
    if isinstance(error, SchemaRegistryError):
        status = error.http_status_code
        if status == _NOT_FOUND:
            return ConnectorError(Reason.SCHEMA_UNKNOWN, f"The registry answered 404 when {doing}.")
        if status in (_INCOMPATIBLE, _UNPROCESSABLE):
            fix = "Publish to a new topic version, or make the change compatible."
            return ConnectorError(Reason.SCHEMA_REJECTED, f"The registry refused it when {doing}.", fix=fix)
        return ConnectorError(Reason.REGISTRY_UNAVAILABLE, f"The registry answered {status} when {doing}.")
    return ConnectorError(
        Reason.REGISTRY_UNAVAILABLE, f"The registry cannot be reached when {doing} ({type(error).__name__})."
    )
