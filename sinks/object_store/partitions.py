"""Which directory an event belongs to, named as Hive names partitions.

https://hive.apache.org/docs/latest/language/languagemanual-ddl/
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from router.api import Event
from sinks.object_store.config import ObjectStoreConfig
from sinks.object_store.names import component

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_DATA = "data."

Directory = Callable[[Event], str]


def directory(config: ObjectStoreConfig) -> Directory:
    """What gives an event's directory, below that of its topic; empty if nothing partitions."""
    fields = [(name.rpartition(".")[2], _value_of(name)) for name in config.partition_by]
    reads_data = any(name.startswith(_DATA) for name in config.partition_by)

    def of(event: Event) -> str:
        content = _content(event) if reads_data else None
        parts = [f"{name}={_component(value(event, content))}" for name, value in fields]
        if config.partition_time != "none":
            when = event.time if config.time_of == "event" and event.time is not None else event.ingested_at
            parts += _time_parts(when.astimezone(UTC), config.partition_time == "hour")
        return "/".join(parts)

    return of


def grouped(events: Sequence[Event], of: Directory) -> dict[str, list[int]]:
    """The indexes of the events by directory, each in order."""
    groups: dict[str, list[int]] = {}
    for index, event in enumerate(events):
        groups.setdefault(of(event), []).append(index)
    return groups


def _time_parts(when: datetime, is_hour: bool) -> list[str]:
    day = f"date={when.date().isoformat()}"
    return [day, f"hour={when.hour:02}"] if is_hour else [day]


def _value_of(name: str) -> Callable[[Event, Any], Any]:
    if not name.startswith(_DATA):
        return lambda event, _content: getattr(event, name)
    path = name.removeprefix(_DATA).split(".")

    def find(_event: Event, content: Any) -> Any:
        for step in path:
            if not isinstance(content, Mapping):
                return None
            content = content.get(step)
        return content

    return find


def _content(event: Event) -> Any:
    if not isinstance(event.data, bytes):
        return event.data
    try:
        return orjson.loads(event.data)
    except orjson.JSONDecodeError:
        return None


def _component(value: Any) -> str:
    """The value as a directory's name; what is no single value, or nothing, is Hive's default partition."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date | time):
        return component(value.isoformat())
    if isinstance(value, str | int | float | Decimal | UUID) and str(value):
        return component(str(value))
    return NO_VALUE
