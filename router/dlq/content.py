"""What dead letters carry: read with today's schemas, asked by expressions, and edited by them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from router.api import ConnectorError, Event, Reason, Record, Schema
from router.envelope.codec import schema_id, with_data
from router.envelope.registry import Registry
from router.kafka.consumer import Consumed
from router.routing.expression import Expression
from router.routing.facts import Facts


class Contents:
    """Reads events out of records; schemas that are not known yet are waited for."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def read(self, record: Consumed) -> tuple[Event, Schema | None]:
        """The event, and the schema of its data. Blocking.

        Raises ConnectorError: of class CONTRACT if it cannot be read; REGISTRY_UNAVAILABLE.
        """
        number = schema_id(record.value)
        decoder = self._registry.known_decoder(number) or asyncio.run(self._registry.decoder(number))
        return decoder.decode(record.value or b"", record.key, record.offset), decoder.data


class Assignment(NamedTuple):
    """A field of the data, by its path, and the expression for its new value."""

    path: tuple[str, ...]
    expression: Expression

    @classmethod
    def parse(cls, text: str) -> "Assignment":
        """Of `path.of.field=expression`. Raises ConnectorError (USAGE, EXPRESSION_INVALID)."""
        path, equals, expression = text.partition("=")
        steps = tuple(path.strip().split("."))
        if not equals or not all(steps) or expression.startswith("="):
            message = f"{text!r} is no assignment."
            raise ConnectorError(Reason.USAGE, message, fix="Write `field.of.data=expression`, such as `total=0`.")
        return cls(steps, Expression(expression))


class Edit:
    """Sets fields of a record's data; everything else of the record stays as it is, numbers digit by digit."""

    def __init__(self, assignments: Sequence[Assignment], contents: Contents) -> None:
        self._assignments = assignments
        self._contents = contents

    def __call__(self, record: Consumed) -> bytes:
        """The record's new value. Raises ConnectorError: ENCODE_FAILED, and as `Contents.read`."""
        event, schema = self._contents.read(record)
        facts = facts_of(event, record)
        values = [(assignment, assignment.expression.value(facts)) for assignment in self._assignments]
        for assignment, value in values:
            if value is None and assignment.expression.text.strip() != "null":
                message = f"The expression for {'.'.join(assignment.path)} has no value for this record."
                raise ConnectorError(Reason.ENCODE_FAILED, message, fix="Guard it, as in `has(data.a) ? data.a : 0`.")
        data: Any = dict(event.data) if isinstance(event.data, Mapping) else _parsed(event.data)
        for assignment, value in values:
            _set(data, assignment.path, value)
        return with_data(record.value or b"", schema, data if schema is not None else _written(data))


class Condition:
    """Which records are meant, by an expression over what they carry. A record that cannot be read is not."""

    def __init__(self, expression: Expression, contents: Contents) -> None:
        self._expression = expression
        self._contents = contents

    def __call__(self, record: Consumed) -> bool:
        """Whether the expression is true. Raises ConnectorError (REGISTRY_UNAVAILABLE)."""
        try:
            event, _ = self._contents.read(record)
        except ConnectorError as error:
            if error.reason is Reason.REGISTRY_UNAVAILABLE:
                raise
            return False
        return self._expression.value(facts_of(event, record)) is True


def facts_of(event: Event, record: Consumed) -> Facts:
    """What expressions know of an event."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers if isinstance(value, bytes)}
    same = Record(event.id, event.type, event.data, subject=event.subject, tenant=event.tenant, headers=headers)
    return Facts(event.connector, None, same)


def _parsed(data: Any) -> Any:
    """JSON with its numbers as they are written."""
    try:
        return json.loads(data or b"", parse_float=_as_written, parse_int=_as_written)
    except (ValueError, RecursionError) as error:
        message = "The data of the record is not JSON, so that no field of it can be set."
        raise ConnectorError(Reason.ENCODE_FAILED, message) from error


def _as_written(number: str) -> orjson.Fragment:
    return orjson.Fragment(number)


def _written(data: Any) -> bytes:
    try:
        return orjson.dumps(data)
    except orjson.JSONEncodeError as error:
        raise ConnectorError(Reason.ENCODE_FAILED, "A value that was set is none that JSON has.") from error


def _set(data: Any, path: Sequence[str], value: Any) -> None:
    for step in path[:-1]:
        data = data.get(step) if isinstance(data, dict) else None
    if not isinstance(data, dict):
        message = f"The data of the record has no {'.'.join(path[:-1]) or 'fields'}."
        raise ConnectorError(Reason.ENCODE_FAILED, message)
    data[path[-1]] = value
