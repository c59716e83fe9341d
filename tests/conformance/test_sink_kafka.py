"""The Kafka sink keeps what it declares, against the real broker."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from router.dev.endpoints import Endpoints
from router.testing.conformance.exactly_once import Arrival, ExactlyOnceClaims, SinkTarget
from sinks.kafka import connector
from tests.integration.kafka_topics import Topic

_AWAY = "127.0.0.1:1"


class OneTopic(SinkTarget):
    """A topic of its own, of one partition, so that the order of arrival can be told."""

    def __init__(self, endpoints: Endpoints, name: str, form: str) -> None:
        self._topic = Topic(endpoints, name)
        self._form = form

    @property
    def config(self) -> Mapping[str, Any]:
        return self._topic.settings | {"format": self._form}

    @property
    def away(self) -> Mapping[str, Any]:
        return {**self.config, "bootstrap_servers": _AWAY}

    async def arrived(self) -> Sequence[Arrival]:
        return [Arrival(one.text("ce_id"), one.text("idempotency-key")) for one in self._topic.read()]


class TestData(ExactlyOnceClaims):
    connector = connector

    @pytest.fixture
    def target(self, endpoints: Endpoints, unique: Callable[[], str]) -> SinkTarget:
        return OneTopic(endpoints, unique(), "data")


class TestEnvelope(ExactlyOnceClaims):
    connector = connector

    @pytest.fixture
    def target(self, endpoints: Endpoints, unique: Callable[[], str]) -> SinkTarget:
        return OneTopic(endpoints, unique(), "envelope")
