"""Whether a source's records are what the runtime can publish."""

import json
from collections.abc import Mapping, Sequence

from router.api import ConnectorError, Encoded, Record, Schema, Stream
from router.envelope.attributes import Attributes
from router.envelope.codec import Decoder, Encoder, micros
from router.envelope.schema import admit, envelope_schema
from router.testing.conformance.claim import broken, hold

_TOPIC = "suite.v1"


def check_record(record: Record) -> None:
    """Break the claim unless the record has an id, a type, a zone for its time, and a schema if its data needs one."""
    about = f"the record {record.id!r}"
    hold(record.id, f"{about} has no id, and so no idempotency key")
    hold(record.type, f"{about} has no type")
    hold(record.time is None or record.time.tzinfo is not None, f"{about} has a time without a time zone")
    hold(record.subject is None or record.subject, f"{about} has an empty subject: None says that there is none")
    names = [name for name in record.headers if name != name.lower()]
    hold(not names, f"{about} has header names that are not in lower case: {names}")
    typed = isinstance(record.data, Mapping)
    hold(not typed or record.schema is not None, f"{about} has a mapping as its data, but no schema")
    hold(typed or record.data is None or isinstance(record.data, bytes), f"{about} has data that is neither")


class Encoding:
    """Encodes records as the runtime will, with one encoder for each schema."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Encoder, Decoder]] = {}

    def check(self, record: Record) -> None:
        """Break the claim unless the record is the same after Avro."""
        encoder, decoder = self._codec(record.schema)
        try:
            value = encoder.encode(_attributes(record), record.data)
            event = decoder.decode(value, b"key", 0)
            if isinstance(record.data, Encoded):
                same = value == encoder.encode(_attributes(record), dict(record.data))
                hold(same, f"the record {record.id!r} is in Avro already, and says something else than its mapping")
        except ConnectorError as error:
            broken(f"the record {record.id!r} does not fit its schema, and would be a dead letter: {error}")
        hold(event.id == record.id, f"the record {record.id!r} has another id after Avro")

    def _codec(self, schema: Schema | None) -> tuple[Encoder, Decoder]:
        text = json.dumps(envelope_schema(_TOPIC, None if schema is None else schema.avro))
        if text not in self._made:
            try:
                admitted = admit(text)
                self._made[text] = (Encoder(1, admitted), Decoder.of(admitted))
            except (ConnectorError, ValueError, TypeError, LookupError) as error:
                broken(f"a schema is not usable in Avro: {error}")
        return self._made[text]

    def check_stream(self, stream: Stream) -> None:
        """Break the claim unless the stream's schema is valid."""
        self._codec(stream.schema)


def check_discovered(streams: Sequence[Stream], records: Sequence[Record]) -> None:
    """Break the claim unless every record has one of the schemas that were discovered."""
    schemas = [None if stream.schema is None else stream.schema.avro for stream in streams]
    for record in records:
        schema = None if record.schema is None else record.schema.avro
        hold(schema in schemas, f"the record {record.id!r} has a schema that discover does not give")


def _attributes(record: Record) -> Attributes:
    return Attributes(
        record.id.encode(),
        b"/suite/source",
        record.type.encode(),
        None if record.subject is None else record.subject.encode(),
        None if record.time is None else micros(record.time),
        None if record.datacontenttype is None else record.datacontenttype.encode(),
        None,
        None if record.tenant is None else record.tenant.encode(),
        b"key",
        None if record.traceparent is None else record.traceparent.encode(),
        0,
        b"source",
    )
