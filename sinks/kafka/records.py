"""An event as a record: key, value, headers and timestamp, as the Kafka binding of CloudEvents has them.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from router.api import ConnectorError, Event, Reason, RecordsRefusedError
from sinks.kafka.cloudevents import CONTENT_TYPE, content_type, data_bytes, rfc3339, structured
from sinks.kafka.limits import Limits

Format = Literal["envelope", "data"]
Headers = list[tuple[str, str | bytes | None]]
"""As the client wants them, though our values are bytes."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# A batch of one record: its head of 61 bytes, and the lengths and deltas of the record, each at its longest.
_BATCH_BYTES = 61 + 36
_HEADER_BYTES = 10


class Outgoing(NamedTuple):
    """A record to be produced. timestamp: milliseconds since the epoch; 0: that of producing."""

    key: bytes
    value: bytes
    headers: Headers
    timestamp: int

    @property
    def size(self) -> int:
        """The bytes that it takes in a batch of its own, uncompressed, at most."""
        headers = sum([len(name) + len(value or b"") + _HEADER_BYTES for name, value in self.headers])
        return _BATCH_BYTES + len(self.key) + len(self.value) + headers


def records(events: Sequence[Event], form: Format, limits: Limits) -> list[Outgoing]:
    """The records of the events.

    Raises RecordsRefusedError: PAYLOAD_MALFORMED, PAYLOAD_TOO_LARGE.
    """
    made: list[Outgoing] = []
    refused: dict[int, ConnectorError] = {}
    now = time.time_ns() // 1_000_000
    for index, event in enumerate(events):
        try:
            one = _record(event, form, _timestamp(event, now, limits.kept_ms))
        except ConnectorError as error:
            refused[index] = error
            continue
        if one.size > limits.largest:
            refused[index] = _too_large(one.size, limits.largest)
        made.append(one)
    if refused:
        raise RecordsRefusedError(refused)
    return made


def _record(event: Event, form: Format, timestamp: int) -> Outgoing:
    headers = _attributes(event)
    if form == "envelope":
        headers.append(("content-type", CONTENT_TYPE))
        return Outgoing(event.key, structured(event), headers, timestamp)
    kind = content_type(event)
    if kind is not None:
        headers.append(("content-type", kind.encode()))
    return Outgoing(event.key, data_bytes(event), headers, timestamp)


def _attributes(event: Event) -> Headers:
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event.id.encode()),
        ("ce_source", event.source.encode()),
        ("ce_type", event.type.encode()),
        ("idempotency-key", event.idempotency_key.encode()),
    ]
    if event.subject is not None:
        headers.append(("ce_subject", event.subject.encode()))
    if event.time is not None:
        headers.append(("ce_time", rfc3339(event.time).encode()))
    if event.dataschema is not None:
        headers.append(("ce_dataschema", event.dataschema.encode()))
    if event.tenant is not None:
        headers.append(("ce_tenant", event.tenant.encode()))
    if event.traceparent is not None:
        headers.append(("traceparent", event.traceparent.encode()))
    return headers


def _timestamp(event: Event, now: int, kept_ms: int | None) -> int:
    """The event's time, but not where the brokers would refuse the record for it, or delete the record at once."""
    if event.time is None:
        return 0
    time_ms = (event.time - _EPOCH) // _MILLISECOND
    if time_ms < 0 or (kept_ms is not None and time_ms < now - kept_ms):
        return 0
    return min(time_ms, now)


def _too_large(size: int, largest: int) -> ConnectorError:
    return ConnectorError(
        Reason.PAYLOAD_TOO_LARGE,
        f"The record has {size} bytes, but the topic takes {largest}.",
        fix="Raise the topic's max.message.bytes.",
    )
