"""The function sink keeps what it declares, with functions of an installed package."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from router.testing.conformance.at_least_once import Arrival, AtLeastOnceClaims, SinkTarget
from sinks.function import connector
from tests.conformance.functions import TAKEN, offered


@pytest.fixture(autouse=True)
def package(tmp_path: Path) -> Iterator[None]:
    with offered(tmp_path):
        yield


class Functions(SinkTarget):
    @property
    def config(self) -> Mapping[str, Any]:
        return {"function": "take"}

    @property
    def away(self) -> Mapping[str, Any]:
        return {"function": "away"}

    async def arrived(self) -> Sequence[Arrival]:
        return [Arrival(event.id, event.idempotency_key) for event in TAKEN]


class TestFunction(AtLeastOnceClaims):
    connector = connector

    @pytest.fixture
    def target(self) -> SinkTarget:
        return Functions()
