"""The kinds of poison: records that no sink can take, each with the reason that must be given for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from router.envelope.attributes import Attributes
from router.envelope.codec import Encoder
from tests.faults.events import Place, body, identity, ordering_key
from tests.faults.table import MAX_BODY_BYTES

_PREFIX_BYTES = 5
_UNKNOWN_SCHEMA = (2_000_000_000).to_bytes(4, "big")
_YEAR_287000 = 9_000_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class Cook:
    """Makes the values of a run's events, good and bad."""

    run: str
    encoder: Encoder

    def envelope(self, place: Place, data: bytes | None = None, **changes: Any) -> bytes:
        """An envelope as the ingress would have written it, with some attributes changed."""
        event_id = identity(self.run, place)
        attributes = Attributes(
            id=event_id.encode(),
            source=f"/{self.run}/hooks".encode(),
            type=b"webhook",
            subject=None,
            time=None,
            datacontenttype=b"application/json",
            dataschema=None,
            tenant=None,
            idempotency_key=f"/{self.run}/hooks#{event_id}".encode(),
            traceparent=None,
            ingested_at=1_700_000_000_000_000,
            connector=b"hooks",
        )
        return self.encoder.encode(attributes._replace(**changes), body(self.run, place) if data is None else data)

    def with_negative_union_index(self, place: Place) -> bytes:
        """Python's negative indexing would take the last branch of the union for it."""
        with_subject = self.envelope(place, subject=ordering_key(place).encode())
        at = with_subject.index(b"\x0ewebhook") + len(b"\x0ewebhook")
        return with_subject[:at] + b"\x01" + with_subject[at + 1 :]


class Venom(NamedTuple):
    """make: the value of the record that takes the place of an event. reason: that its dead letter must give."""

    make: Callable[[Cook, Place], bytes | None]
    reason: str


VENOMS: Mapping[str, Venom] = {
    "no magic byte": Venom(lambda cook, place: b"\x01" + cook.envelope(place)[1:], "AVRO_MAGIC"),
    "tombstone": Venom(lambda _cook, _place: None, "AVRO_MAGIC"),
    "empty": Venom(lambda _cook, _place: b"", "AVRO_MAGIC"),
    "unknown schema": Venom(
        lambda cook, place: b"\0" + _UNKNOWN_SCHEMA + cook.envelope(place)[_PREFIX_BYTES:],
        "SCHEMA_UNKNOWN",
    ),
    "truncated": Venom(lambda cook, place: cook.envelope(place)[:-3], "AVRO_DECODE"),
    "bytes left over": Venom(lambda cook, place: cook.envelope(place) + b"\0", "AVRO_TRAILING"),
    "negative union index": Venom(lambda cook, place: cook.with_negative_union_index(place), "AVRO_DECODE"),
    "endless varint": Venom(lambda cook, place: cook.envelope(place)[:_PREFIX_BYTES] + b"\xff" * 40, "AVRO_DECODE"),
    "text that is not UTF-8": Venom(
        lambda cook, place: cook.envelope(place).replace(b"/json", b"/\xff\xfe\xfd\xfc"),
        "AVRO_DECODE",
    ),
    "time out of range": Venom(lambda cook, place: cook.envelope(place, ingested_at=_YEAR_287000), "AVRO_DECODE"),
    "invalid JSON": Venom(lambda cook, place: cook.envelope(place, data=b'{"key": oops'), "PAYLOAD_MALFORMED"),
    "JSON that is not UTF-8": Venom(lambda cook, place: cook.envelope(place, data=b'"\xff"'), "PAYLOAD_MALFORMED"),
    "NUL in text": Venom(lambda cook, place: cook.envelope(place, type=b"web\0hook"), "PAYLOAD_MALFORMED"),
    "violates a constraint": Venom(
        lambda cook, place: cook.envelope(place, data=b'"' + b"x" * MAX_BODY_BYTES + b'"'),
        "TARGET_REJECTED",
    ),
}
