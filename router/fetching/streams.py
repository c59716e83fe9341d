"""What the sources' streams look like: each version of each stream, on a compacted topic."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from router.api import ConnectorError, Reason, Stream
from router.config.names import streams_topic
from router.envelope.outline import outline
from router.kafka.blocking import call_blocking
from router.kafka.clients import producer as producer_settings
from router.kafka.consumer import Consumed
from router.kafka.log import read_topic
from router.kafka.producer import AsyncProducer, Message

Versions = Mapping[tuple[str, str], Sequence["Description"]]
"""The versions of each stream, oldest first, by source and stream."""


@dataclass(frozen=True, slots=True)
class Description:
    """A stream as it was found.

    version: from 1; a new one where key or fields differ. discovered_at: ISO 8601, of the version's first sight.
    fields: types in words by path. schema: the Avro schema of the data, None where it is bytes.
    """

    source: str
    stream: str
    version: int
    discovered_at: str
    key: tuple[str, ...]
    fields: Mapping[str, str]
    schema: Mapping[str, Any] | None
    estimated_records: int | None


def describe(known: Versions, source: str, streams: Iterable[Stream], now: datetime) -> list[Description]:
    """What is new about the streams: a version of those that differ, or the same version with another estimate."""
    found = []
    for stream in streams:
        versions = known.get((source, stream.name), ())
        schema = None if stream.schema is None else dict(stream.schema.avro)
        description = Description(
            source,
            stream.name,
            1,
            now.isoformat(timespec="seconds"),
            tuple(stream.key),
            outline(schema),
            schema,
            stream.estimated_records,
        )
        if versions and _looks_like(versions[-1], description):
            last = versions[-1]
            description = replace(description, version=last.version, discovered_at=last.discovered_at)
        elif versions:
            description = replace(description, version=versions[-1].version + 1)
        if not versions or description != versions[-1]:
            found.append(description)
    return found


def _looks_like(one: Description, other: Description) -> bool:
    return (one.key, one.fields, one.schema) == (other.key, other.fields, other.schema)


class StreamStore:
    """The topic `<pipeline>.streams`."""

    def __init__(self, bootstrap_servers: str, pipeline: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._name = f"con-{pipeline}-streams"
        self.topic = streams_topic(pipeline)

    async def read(self) -> Versions:
        """All versions of all streams; nothing where there is no such topic yet. Raises ConnectorError."""
        return await call_blocking(lambda: fold(read_topic(self._bootstrap_servers, self.topic)), "kafka-streams")

    async def note(self, source: str, streams: Sequence[Stream]) -> list[Description]:
        """Write what is new about a source's streams, and return it. Raises ConnectorError."""
        new = describe(await self.read(), source, streams, datetime.now(UTC))
        async with AsyncProducer(producer_settings(self._bootstrap_servers, self._name)) as producer:
            await producer.send([_message(self.topic, description) for description in new])
        return new


def fold(records: Iterable[Consumed]) -> Versions:
    """The last value of each key. Raises ConnectorError (CONFIG_INVALID) if a record describes no stream."""
    by_version: dict[tuple[str, str, int], Description] = {}
    for record in records:
        try:
            source, stream, version = json.loads(record.key or b"")
            value = json.loads(record.value or b"")
            by_version[source, stream, version] = Description(**(value | {"key": tuple(value["key"])}))
        except (ValueError, TypeError, KeyError) as error:
            message = f"The record at offset {record.offset} of {record.topic} describes no stream."
            raise ConnectorError(Reason.CONFIG_INVALID, message, fix="The topic is the runtime's own.") from error
    versions: dict[tuple[str, str], list[Description]] = {}
    for source, stream, version in sorted(by_version):
        versions.setdefault((source, stream), []).append(by_version[source, stream, version])
    return versions


def _message(topic: str, description: Description) -> Message:
    key = json.dumps([description.source, description.stream, description.version], ensure_ascii=False)
    return Message(topic, key.encode(), json.dumps(asdict(description), ensure_ascii=False).encode(), [])
