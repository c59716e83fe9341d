"""The columns of a stream's rows, and how an event becomes one."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from router.api import ConnectorError, Event, Reason, Schema
from sinks.postgres import kinds
from sinks.postgres.avro_kinds import record_kinds
from sinks.postgres.config import PostgresConfig
from sinks.postgres.kinds import NULL, Encode, Kind

MAX_IDENTIFIER_BYTES = 63
IDEMPOTENCY_KEY = "idempotency_key"
VERSION = "version"

_ATTRIBUTES: dict[str, tuple[Kind, bool]] = {
    # name: kind, and whether every event has it
    "id": (kinds.TEXT, True),
    "source": (kinds.TEXT, True),
    "type": (kinds.TEXT, True),
    "subject": (kinds.TEXT, False),
    "time": (kinds.TIMESTAMPTZ, False),
    "tenant": (kinds.TEXT, False),
    IDEMPOTENCY_KEY: (kinds.TEXT, True),
    "ingested_at": (kinds.TIMESTAMPTZ, True),
    "traceparent": (kinds.TEXT, False),
}


class Column(NamedTuple):
    """A column. required: a new table declares it NOT NULL."""

    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns for events of one schema: those of the event's attributes, then those of its data's fields.

    attributes: each column with the place of its value in an `Event`. conflict: the columns that are unique.
    version: the column by which an upsert recognizes the newer event; None: append. number: differs per layout of
    a sink. schema: kept so that its identity stays taken.
    """

    number: int
    schema: Schema | None
    attributes: tuple[tuple[int, Column], ...]
    fields: tuple[Column, ...]
    conflict: tuple[str, ...]
    version: str | None
    is_replica: bool = field(default=False, init=False)
    _start: bytes = field(init=False)
    _encoders: tuple[tuple[int, Encode], ...] = field(init=False)
    _field_encoders: tuple[tuple[str, Encode], ...] = field(init=False)
    _key: tuple[int | str, ...] = field(init=False)

    def __post_init__(self) -> None:
        # Looked up once here instead of once for each value: a fifth of the time of `row`.
        object.__setattr__(self, "_start", struct.pack("!h", len(self.attributes) + len(self.fields)))
        object.__setattr__(self, "_encoders", tuple([(index, column.kind.encode) for index, column in self.attributes]))
        object.__setattr__(self, "_field_encoders", tuple([(name, kind.encode) for name, kind, _ in self.fields]))
        places = {column.name: index for index, column in self.attributes}
        object.__setattr__(self, "_key", tuple([places.get(name, name) for name in self.conflict]))

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of `row`."""
        return tuple([column for _, column in self.attributes]) + self.fields

    def row(self, event: Event) -> bytes:
        """The event in the binary COPY format. Raises ValueError, TypeError, OverflowError or struct.error."""
        parts = [self._start]
        for index, encode in self._encoders:
            value = event[index]
            parts.append(NULL if value is None else encode(value))
        if self._field_encoders:
            data = event.data if isinstance(event.data, Mapping) else {}
            for name, encode in self._field_encoders:
                value = data.get(name)
                parts.append(NULL if value is None else encode(value))
        return b"".join(parts)

    def key(self, event: Event) -> tuple[Any, ...]:
        """The event's values of the columns that are unique; None for those that it lacks."""
        data = event.data if isinstance(event.data, Mapping) else {}
        return tuple([data.get(at) if isinstance(at, str) else event[at] for at in self._key])


def layout(config: PostgresConfig, schema: Schema | None, number: int) -> Layout:
    """The layout for events of a schema. Raises ConnectorError (TABLE_MISMATCH) if there can be none."""
    fields = () if schema is None else tuple(_fields(schema))
    # The data's columns come first for people who query them: our own step aside.
    prefix = "_" if schema is not None else ""
    version = prefix + VERSION if config.mode == "upsert" else None
    made = Layout(
        number=number,
        schema=schema,
        attributes=tuple(_attributes(config, schema, prefix)),
        fields=fields,
        conflict=config.key or (prefix + IDEMPOTENCY_KEY,),
        version=version,
    )
    _verify(made)
    return made


def _attributes(config: PostgresConfig, schema: Schema | None, prefix: str) -> Iterator[tuple[int, Column]]:
    for name, (kind, required) in _ATTRIBUTES.items():
        yield Event._fields.index(name), Column(prefix + name, kind, required)
    if config.mode == "upsert":
        yield Event._fields.index(VERSION), Column(prefix + VERSION, kinds.BIGINT, required=True)
    if schema is None:
        yield Event._fields.index("data"), Column("data", kinds.JSON if config.payload == "json" else kinds.BYTEA)


def _fields(schema: Schema) -> Iterator[Column]:
    if schema.avro.get("type") != "record":
        raise ConnectorError(
            Reason.TABLE_MISMATCH,
            "The events' data is not a record, so there are no columns for it.",
            fix="Make it a record, or send it as bytes.",
        )
    for name, kind in record_kinds(schema.avro).items():
        yield Column(name, kind)


def _verify(made: Layout) -> None:
    by_name: dict[str, Kind] = {}
    for column in made.columns:
        if column.name in by_name or len(column.name.encode()) > MAX_IDENTIFIER_BYTES:
            raise ConnectorError(
                Reason.TABLE_MISMATCH,
                f"The field {column.name!r:.80} cannot be a column: its name is taken or too long.",
                fix="Rename the field.",
            )
        by_name[column.name] = column.kind
    for name in made.conflict:
        if name not in by_name or by_name[name] in (kinds.JSON, kinds.JSONB):
            raise ConnectorError(
                Reason.TABLE_MISMATCH,
                f"The key column {name!r} is not among the events' columns, or is not a plain value.",
                fix=f"Use columns of the events: {', '.join(by_name)}.",
            )
