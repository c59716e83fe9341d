"""What the tests of the object store sink read: every object that is listed, and what the commits name."""

import gzip
import re
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import orjson
import pyarrow.parquet as pq

from router.api import Egress
from sinks.object_store.config import ObjectStoreConfig

Row = Mapping[str, Any]
# What a file of a local directory is called until it is whole; whoever lists the store does not see it.
_UNFINISHED = re.compile(r"#\d+$")


def _parquet(body: bytes) -> Sequence[Row]:
    return list(pq.read_table(BytesIO(body)).to_pylist())


def _avro(body: bytes) -> Sequence[Row]:
    return [row for row in fastavro.reader(BytesIO(body)) if isinstance(row, dict)]


def _lines(body: bytes) -> Sequence[Row]:
    return [orjson.loads(line) for line in body.splitlines()]


_READERS: dict[str, Callable[[bytes], Sequence[Row]]] = {
    "parquet": _parquet,
    "avro": _avro,
    "jsonl": _lines,
    "gz": lambda body: _lines(gzip.decompress(body)),
}


def rows(file: Path) -> Sequence[Row]:
    """The rows of one object."""
    return _READERS[file.name.rpartition(".")[2]](file.read_bytes())


def objects(directory: Path) -> Sequence[Path]:
    """The data objects, in the order of their offsets within a partition; without what is still being written."""
    files = [file for file in directory.rglob("*.*") if file.is_file() and "_positions" not in file.parts]
    found = [file for file in files if not _UNFINISHED.search(file.name)]
    return sorted(found, key=lambda file: file.name)


def listed(directory: Path) -> list[str]:
    """The ids in all data objects: what somebody reads who knows of no commits."""
    return [row["id"] for file in objects(directory) for row in rows(file)]


def committed(directory: Path) -> list[str]:
    """The ids in the objects that commits name."""
    logs = [file for file in sorted(directory.glob("_positions/**/*.json")) if "_intents" not in file.parts]
    entries = [orjson.loads(file.read_bytes()) for file in logs]
    return [row["id"] for entry in entries for one in entry["objects"] for row in rows(directory / one["path"])]


def configured(settings: Mapping[str, Any], secret: Callable[[str], str]) -> ObjectStoreConfig:
    """The configuration as the runtime validates it, with the hosts of the settings in its scopes."""
    context = {"resolve": secret}
    hosts = ObjectStoreConfig.model_validate(settings, context=context).addresses
    return ObjectStoreConfig.model_validate(settings, context={**context, "egress": Egress(hosts=frozenset(hosts))})
