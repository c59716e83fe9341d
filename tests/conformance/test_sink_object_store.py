"""The object store sink keeps what it declares, on a local directory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from router.api import Schema
from router.testing.conformance.events import Data
from router.testing.conformance.exactly_once import Arrival, ExactlyOnceClaims, SinkTarget
from sinks.object_store import connector
from tests.integration.object_stores import objects, rows

_SCHEMA = Schema({"type": "record", "name": "Counted", "fields": [{"name": "number", "type": "long"}]})


class Directory(SinkTarget):
    """A directory, read as whoever lists its objects reads it: with what an owner may have left without a commit."""

    def __init__(self, path: Path, changes: Mapping[str, Any], schema: Schema | None = None) -> None:
        self._path = path
        self._changes = changes
        self.schema = schema

    @property
    def config(self) -> Mapping[str, Any]:
        return {"url": f"file://{self._path}", **self._changes}

    @property
    def away(self) -> Mapping[str, Any]:
        return {**self.config, "url": f"file://{self._path}/not-mounted"}

    def data(self, number: int) -> Data:
        return {"number": number} if self.schema else super().data(number)

    async def arrived(self) -> Sequence[Arrival]:
        return [Arrival(row["id"], row["idempotency_key"]) for file in objects(self._path) for row in rows(file)]


class StoreClaims(ExactlyOnceClaims):
    connector = connector

    form = "parquet"
    schema: Schema | None = None

    @pytest.fixture
    def target(self, tmp_path: Path) -> SinkTarget:
        return Directory(tmp_path, {"format": self.form, "partition_by": ["type"]}, self.schema)


class TestParquet(StoreClaims):
    pass


class TestTypedParquet(StoreClaims):
    schema = _SCHEMA


class TestTypedAvro(StoreClaims):
    form = "avro"
    schema = _SCHEMA


class TestJsonLines(StoreClaims):
    form = "jsonl"
