"""The cluster that is written to, as it is looked at before a partition is claimed."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import IsolationLevel, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # not in its list of names
    AdminClient,
    ConfigEntry,
    ConfigResource,
    OffsetSpec,
    ResourceType,
    TopicDescription,
)
from confluent_kafka.cimpl import NewTopic

from router.api import ConnectorError, Reason
from sinks.kafka.clients import connection
from sinks.kafka.config import KafkaConfig
from sinks.kafka.errors import translate, translate_making
from sinks.kafka.failures import Failures
from sinks.kafka.limits import Limits, limits
from sinks.kafka.positions import PARTITION, SETTINGS, Slot

T = TypeVar("T")

_POLL_SECONDS = 0.02
_AS_THE_BROKERS_SAY = -1
_LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class Cluster:
    """One client, as long as it is needed. Every call blocks, and raises ConnectorError."""

    def __init__(self, config: KafkaConfig, client_id: str) -> None:
        self._seconds = config.timeout_seconds
        self._failures = Failures()
        try:
            self._admin = AdminClient(connection(config, client_id, self._failures))
        except KafkaException as error:
            raise translate_making(error) from None

    def limits(self, topic: str, positions: str) -> Limits:
        """What the topic takes. Makes the topic of positions if there is none."""
        self._describe(topic)
        try:
            self._describe(positions)
        except ConnectorError as error:
            if error.reason is not Reason.TARGET_MISSING:
                raise
            self._create(positions)
        found = self._settings([topic, positions])
        if found[positions]["cleanup.policy"].value != "compact":
            raise ConnectorError(
                Reason.CONFIG_INVALID,
                f"Topic {positions} has another cleanup.policy than compact, so that positions would be lost.",
                fix=f"Run kafka-configs --alter --add-config cleanup.policy=compact on {positions}.",
            )
        return limits({name: entry.value or "" for name, entry in found[topic].items()})

    def end(self, slot: Slot) -> int:
        """Where the topic of positions ends, transactions that are open included."""
        asked = self._admin.list_offsets(
            {slot.place: _LATEST},
            isolation_level=IsolationLevel.READ_UNCOMMITTED,
            request_timeout=self._seconds,
        )
        return int(self._result(asked[slot.place], f"asking for the end of {slot.topic}").offset)

    def _describe(self, topic: str) -> TopicDescription:
        asked = self._admin.describe_topics(TopicCollection([topic]), request_timeout=self._seconds)
        described: TopicDescription = self._result(asked[topic], f"looking for topic {topic}")
        return described

    def _create(self, topic: str) -> None:
        made = NewTopic(topic, PARTITION + 1, _AS_THE_BROKERS_SAY, config=SETTINGS)
        asked = self._admin.create_topics([made], request_timeout=self._seconds)
        try:
            self._result(asked[topic], f"creating topic {topic}")
        except ConnectorError as error:
            if error.reason is not Reason.ALREADY_PROCESSED:  # the claim of another partition was quicker
                raise
        self._await_leader(topic)

    def _await_leader(self, topic: str) -> None:
        deadline = time.monotonic() + self._seconds
        while time.monotonic() < deadline:
            try:
                if all(partition.leader is not None for partition in self._describe(topic).partitions):
                    return
            except ConnectorError as error:
                if error.reason is not Reason.TARGET_MISSING:
                    raise
            self._admin.poll(_POLL_SECONDS)
        raise ConnectorError(Reason.TARGET_TIMEOUT, f"Topic {topic} had no leader within {self._seconds:g} s.")

    def _settings(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, ConfigEntry]]:
        resources = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics]
        asked = self._admin.describe_configs(resources, request_timeout=self._seconds)
        return {
            resource.name: self._result(future, f"reading the settings of {resource.name}")
            for resource, future in asked.items()
        }

    def _result(self, future: "Future[Any]", doing: str) -> Any:
        """Wait, but not for brokers that will not answer."""
        while not future.done():
            self._admin.poll(_POLL_SECONDS)
            self._failures.check()
        try:
            return future.result()
        except KafkaException as error:
            raise translate(error, doing) from None
