"""A batch as objects: by directory, each in the format of the configuration."""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pyarrow as pa

from router.api import Batch, ConnectorError, Event, Reason, RecordsRefusedError
from sinks.object_store import avro_file, json_lines, parquet
from sinks.object_store.config import ObjectStoreConfig
from sinks.object_store.names import object_name
from sinks.object_store.partitions import Directory, grouped

_Encode = Callable[[Sequence[Event]], bytes]
_UNFIT = (pa.ArrowException, ValueError, TypeError, ArithmeticError, LookupError, struct.error)


class DataObject(NamedTuple):
    """One object of a write: its name, how many events it has, and its bytes."""

    name: str
    events: int
    body: bytes


def data_objects(batch: Batch, config: ObjectStoreConfig, of: Directory, write: str) -> list[DataObject]:
    """The objects of the batch. Raises RecordsRefusedError for the events that the format cannot hold."""
    encode, extension = _format(batch, config)
    objects: list[DataObject] = []
    refused: dict[int, ConnectorError] = {}
    for directory, indexes in grouped(batch.events, of).items():
        try:
            body = encode([batch.events[index] for index in indexes])
        except _UNFIT:
            blamed = _refused(batch.events, indexes, encode, config.format)
            if not blamed:
                raise
            refused |= blamed
            continue
        name = object_name(batch.partition, directory, batch.first_offset, write, extension)
        objects.append(DataObject(name, len(indexes), body))
    if refused:
        raise RecordsRefusedError(refused)
    return objects


def _format(batch: Batch, config: ObjectStoreConfig) -> tuple[_Encode, str]:
    partition, schema, codec = batch.partition, batch.schema, config.codec
    if config.format == "parquet":
        return lambda events: parquet.encode(events, partition, schema, codec), "parquet"
    if config.format == "avro":
        return lambda events: avro_file.encode(events, partition, schema, codec), "avro"
    return lambda events: json_lines.encode(events, partition, codec), json_lines.EXTENSIONS[codec]


def _refused(events: Sequence[Event], indexes: Sequence[int], encode: _Encode, form: str) -> dict[int, ConnectorError]:
    """The events that cannot be encoded alone either."""
    refused: dict[int, ConnectorError] = {}
    for index in indexes:
        try:
            encode([events[index]])
        except _UNFIT as error:
            # Without the error's text, which repeats values.
            message = f"The event cannot be written as {form} ({type(error).__name__})."
            refused[index] = ConnectorError(Reason.VALUE_OUT_OF_RANGE, message)
    return refused
