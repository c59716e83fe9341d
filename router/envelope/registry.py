"""The schema registry: registers envelopes, knows decoders, and remembers both."""

import asyncio
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from router.api import ConnectorError, Reason, Schema
from router.config.models import Drift
from router.envelope.codec import Decoder, Encoder
from router.envelope.schema import admit, data_schema, envelope_schema

_TIMEOUT_SECONDS = 10
_INCOMPATIBLE = 409
_UNPROCESSABLE = 422
_NOT_FOUND = 404
_NO_SUBJECT = 40401


class Latest(NamedTuple):
    """A topic's newest schema. data: of the content; None where it is bytes."""

    version: int
    data: Schema | None


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

    async def encoder(self, topic: str, schema: Schema | None, drift: Drift = Drift.PROPAGATE) -> Encoder:
        """The encoder of the topic for data of this schema (None: bytes), registered under `<topic>-value`.

        Raises ConnectorError: SCHEMA_REJECTED if it is incompatible with what is there, SCHEMA_FROZEN or SCHEMA_PAUSED
        if the topic has other schemas and the drift is not to be propagated, REGISTRY_UNAVAILABLE.
        """
        # By identity: a stream hands over the same Schema object with every record; keeping it pins its id.
        encoder = self.known_encoder(topic, schema)
        if encoder is None:
            encoder = await self._register(topic, schema, drift)
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

    async def is_compatible(self, topic: str, schema: Schema | None) -> bool:
        """Whether the topic would take the schema. Raises ConnectorError (REGISTRY_UNAVAILABLE, SCHEMA_REJECTED)."""
        registered = _registered(_envelope(topic, schema))
        return await asyncio.to_thread(self._is_compatible, subject(topic), registered)

    async def latest(self, topic: str) -> Latest | None:
        """The topic's newest schema; None if it has none. Raises ConnectorError (REGISTRY_UNAVAILABLE)."""
        return await asyncio.to_thread(self._latest, subject(topic))

    async def _register(self, topic: str, schema: Schema | None, drift: Drift) -> Encoder:
        envelope = _envelope(topic, schema)
        doing = f"registering the schema of {topic}"
        try:
            number = await asyncio.to_thread(self._id, subject(topic), _registered(envelope), drift)
        except ConnectorError:
            raise
        except Exception as error:
            raise _translate(error, doing) from error
        return Encoder(number, envelope)

    def _id(self, name: str, schema: RegistrySchema, drift: Drift) -> int:
        """The id of the schema, which is registered first if it may be."""
        try:
            return int(self._client.lookup_schema(name, schema).schema_id or 0)
        except SchemaRegistryError as error:
            if error.http_status_code != _NOT_FOUND:
                raise
            is_new = error.error_code == _NO_SUBJECT
        if not is_new and drift is not Drift.PROPAGATE:
            raise _drifted(name, drift)
        number = int(self._client.register_schema(name, schema))
        if is_new and self._client.get_compatibility() == "NONE":
            # Else anything could follow, and readers of the topic would find out.
            self._client.set_compatibility(name, "BACKWARD")
        return number

    def _is_compatible(self, name: str, schema: RegistrySchema) -> bool:
        try:
            return bool(self._client.test_compatibility(name, schema))
        except SchemaRegistryError as error:
            if error.http_status_code == _NOT_FOUND:
                return True
            raise _translate(error, f"comparing with {name}") from error
        except Exception as error:
            raise _translate(error, f"comparing with {name}") from error

    def _latest(self, name: str) -> Latest | None:
        try:
            found = self._client.get_latest_version(name)
        except SchemaRegistryError as error:
            if error.http_status_code == _NOT_FOUND:
                return None
            raise _translate(error, f"reading {name}") from error
        except Exception as error:
            raise _translate(error, f"reading {name}") from error
        text = found.schema.schema_str
        data = data_schema(admit(text or ""))
        return Latest(int(found.version or 0), None if data is None else Schema(data))

    def _fetch(self, schema_id: int) -> str:
        try:
            schema = self._client.get_schema(schema_id)
        except Exception as error:
            raise _translate(error, f"reading schema {schema_id}") from error
        return schema.schema_str or ""


def subject(topic: str) -> str:
    """The registry's name for the schemas of the topic's values."""
    return f"{topic}-value"


def _envelope(topic: str, schema: Schema | None) -> dict[str, Any]:
    return admit(json.dumps(envelope_schema(topic, schema.avro if schema else None)))


def _registered(envelope: Mapping[str, Any]) -> RegistrySchema:
    return RegistrySchema(json.dumps(envelope), "AVRO")


def _drifted(name: str, drift: Drift) -> ConnectorError:
    reason = Reason.SCHEMA_FROZEN if drift is Drift.FREEZE else Reason.SCHEMA_PAUSED
    fix = "Look at it with `router schema diff`, and accept it with `router schema accept`."
    return ConnectorError(reason, f"{name} does not have the schema of the data.", fix=fix)


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
