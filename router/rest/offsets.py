"""Offsets in the form of KIP-875: checkpoints of sources, and consumer-group offsets of sinks."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from router.api import ConnectorError, Guarantee, Position, Reason
from router.config.loaded import LoadedSink, LoadedSource
from router.config.models import Pipeline
from router.config.names import consumer_group, keys_topic
from router.fetching.alter import alter_checkpoints
from router.fetching.checkpoints import CheckpointStore, Scope
from router.fetching.settings import TaskSettings
from router.kafka.consumer import Place
from router.kafka.groups import Groups
from router.kafka.topics import Topics
from router.rest.answers import RestError, shown

_STREAM = "stream"
_TOPIC = "kafka_topic"
_PARTITION = "kafka_partition"
_OFFSET = "kafka_offset"
_Pairs = Sequence[tuple[Mapping[str, Any], Mapping[str, Any] | None]]


def pairs(content: Mapping[str, Any]) -> _Pairs:
    """The body of a PATCH as partitions with their offsets; None resets. Raises RestError (400)."""
    offsets = content.get("offsets")
    if not isinstance(offsets, list) or not offsets or set(content) != {"offsets"}:
        raise _bad("Partitions / offsets need to be provided for an alter offsets request")
    found = []
    for one in offsets:
        if not isinstance(one, dict) or not isinstance(one.get("partition"), dict):
            raise _bad("Each of `offsets` needs a `partition`, an object, and an `offset`, an object or null")
        offset = one.get("offset")
        if "offset" not in one or not (offset is None or isinstance(offset, dict)):
            raise _bad("Each of `offsets` needs an `offset`: an object, or null to reset the partition")
        found.append((one["partition"], offset))
    return found


class SourceOffsets:
    """The checkpoints of a source: a partition is a stream, and its offset is the position in it."""

    def __init__(self, pipeline: Pipeline, name: str, source: LoadedSource) -> None:
        self._settings = TaskSettings.of(pipeline, name, source.settings)
        self._store = CheckpointStore(pipeline.kafka.bootstrap_servers, pipeline.name)
        self._scope = Scope(name)

    async def read(self) -> list[dict[str, Any]]:
        """All of them. Raises ConnectorError."""
        positions = await self._positions()
        return [{"partition": {_STREAM: stream}, "offset": dict(at)} for stream, at in sorted(positions.items())]

    async def alter(self, wanted: _Pairs) -> None:
        """Set or reset those given. Raises RestError (400), ConnectorError."""
        positions: dict[str, Position | None] = {}
        for partition, offset in wanted:
            if set(partition) != {_STREAM} or not isinstance(partition[_STREAM], str):
                raise _bad(f"The partition for a source connector offset must contain the key '{_STREAM}' only")
            positions[partition[_STREAM]] = offset
        await alter_checkpoints(self._settings, positions)

    async def reset(self) -> None:
        """Forget all. Raises ConnectorError."""
        positions = await self._positions()
        if positions:
            await alter_checkpoints(self._settings, dict.fromkeys(positions))

    async def _positions(self) -> dict[str, Position]:
        try:
            return (await self._store.read()).of(self._scope)
        except ConnectorError as error:
            if error.reason is Reason.TARGET_MISSING:
                return {}
            raise


class SinkOffsets:
    """The committed offsets of a sink's consumer group, in the topics that it is configured with."""

    def __init__(self, pipeline: Pipeline, name: str, sink: LoadedSink) -> None:
        self._groups = Groups(pipeline.kafka.bootstrap_servers)
        self._group = consumer_group(pipeline.name, name, sink.settings.delivery.group)
        self._topics = sink.settings.topics
        self._all_topics = Topics(pipeline.kafka.bootstrap_servers)
        self._keys_topic = keys_topic(pipeline.name, name)
        self._keeps_position = sink.connector.guarantee is Guarantee.EXACTLY_ONCE

    async def read(self) -> list[dict[str, Any]]:
        """All of them. Raises ConnectorError."""
        committed = await self._groups.committed(self._group)
        return [
            {"partition": {_TOPIC: topic, _PARTITION: partition}, "offset": {_OFFSET: offset}}
            for (topic, partition), offset in sorted(committed.items())
            if topic in self._topics
        ]

    async def alter(self, wanted: _Pairs) -> None:
        """Set those given; one that is reset begins anew. Raises RestError (400), ConnectorError."""
        self._refuse_if_kept_elsewhere()
        await self._move(dict(self._place(partition, offset) for partition, offset in wanted))

    async def reset(self) -> None:
        """Go back to where the topics begin. Raises RestError (400), ConnectorError."""
        self._refuse_if_kept_elsewhere()
        await self._move(dict.fromkeys(await self._groups.partitions(self._topics)))

    async def _move(self, offsets: Mapping[Place, int | None]) -> None:
        try:
            await self._groups.move(self._group, offsets)
            # Whoever goes back wants everything again, also what the sink has accepted.
            await self._all_topics.empty(self._keys_topic, {number for _, number in offsets})
        except ConnectorError as error:
            if error.reason is Reason.TARGET_MISSING:
                raise _bad(error.message) from error
            if error.reason is not Reason.STALE_GENERATION:
                raise
            message = "Its tasks have not left the consumer group yet. The request can be repeated in a few seconds."
            raise RestError(HTTPStatus.CONFLICT, message) from error

    def _place(self, partition: Mapping[str, Any], offset: Mapping[str, Any] | None) -> tuple[Place, int | None]:
        if set(partition) != {_TOPIC, _PARTITION}:
            raise _bad(f"The partition for a sink connector offset must contain the keys '{_TOPIC}' and '{_PARTITION}'")
        topic, number = partition[_TOPIC], _integer(partition[_PARTITION], "partition")
        if topic not in self._topics:
            raise _bad(f"{shown(str(topic))} is not one of the connector's topics")
        if offset is None:
            return (topic, number), None
        if set(offset) != {_OFFSET}:
            raise _bad(f"The offset for a sink connector should either be null or contain the key '{_OFFSET}'")
        return (topic, number), _integer(offset[_OFFSET], "offset")

    def _refuse_if_kept_elsewhere(self) -> None:
        if self._keeps_position:
            raise _bad(
                "This sink keeps its position itself, together with what it has written, so that it delivers exactly "
                "once: its offsets cannot be changed. To deliver again from the beginning, create a connector with "
                "another name"
            )


def _integer(value: Any, what: str) -> int:
    """Both 5 and "5" are accepted, as Connect does."""
    text = str(value)
    if isinstance(value, int | str) and text.isascii() and text.isdigit() and len(text) <= 18:  # noqa: PLR2004  of a long
        return int(text)
    message = f"Failed to parse a Kafka {what} value in the provided offsets. {what.capitalize()} values for sink "
    raise _bad(message + "connectors need to be integers.")


def _bad(message: str) -> RestError:
    return RestError(HTTPStatus.BAD_REQUEST, message)
