"""Topics preloaded with our envelopes, in the registered schema, as our sources write them."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks.topics import Entry, fill
from router.api import Schema
from router.dev.endpoints import Endpoints
from router.envelope.attributes import Attributes
from router.envelope.codec import Encoder, micros
from router.envelope.registry import Registry

_SOURCE = b"/bench/preload"


@dataclass(frozen=True, slots=True)
class Content:
    """What an envelope is about. data: bytes, or a mapping that the schema describes."""

    partition: int
    id: str
    data: bytes | dict[str, Any]


def fill_with_envelopes(endpoints: Endpoints, topic: str, contents: Iterable[Content], schema: Schema | None) -> None:
    """Register the schema of the topic (None: bytes), create the topic and write an envelope for each content."""
    encoder = asyncio.run(Registry(endpoints.registry_url).encoder(topic, schema))
    fill(endpoints.bootstrap_servers, topic, (_entry(encoder, content) for content in contents))


def _entry(encoder: Encoder, content: Content) -> Entry:
    now = micros(datetime.now(UTC))
    attributes = Attributes(
        id=content.id.encode(),
        source=_SOURCE,
        type=b"benchmark",
        subject=content.id.encode(),
        time=now,
        datacontenttype=b"application/json",
        dataschema=None,
        tenant=None,
        idempotency_key=b"%s#%s" % (_SOURCE, content.id.encode()),
        traceparent=None,
        ingested_at=now,
        connector=b"preload",
    )
    return Entry(content.partition, content.id.encode(), encoder.encode(attributes, content.data))
