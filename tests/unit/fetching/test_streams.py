"""The versions of a stream's description."""

from datetime import UTC, datetime

from router.api import Schema, Stream
from router.fetching.streams import Description, Versions, describe

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 10, tzinfo=UTC)


def stream(kind: str, estimate: int | None = 5) -> Stream:
    schema = Schema({"type": "record", "name": "Row", "fields": [{"name": "id", "type": kind}]})
    return Stream("orders", schema, ("id",), estimate)


def known(*descriptions: Description) -> Versions:
    return {("shop", "orders"): descriptions} if descriptions else {}


def test_the_first_sight_of_a_stream_is_version_one() -> None:
    (found,) = describe({}, "shop", [stream("long")], NOW)

    assert (found.version, found.key, found.fields, found.estimated_records) == (1, ("id",), {"id": "long"}, 5)
    assert found.discovered_at == "2026-11-23T10:00:00+00:00"


def test_a_stream_that_looks_the_same_is_not_described_again() -> None:
    (first,) = describe({}, "shop", [stream("long")], NOW)

    assert describe(known(first), "shop", [stream("long")], LATER) == []


def test_another_estimate_is_noted_with_the_version_that_there_is() -> None:
    (first,) = describe({}, "shop", [stream("long")], NOW)

    (found,) = describe(known(first), "shop", [stream("long", 6)], LATER)

    assert (found.version, found.discovered_at, found.estimated_records) == (1, first.discovered_at, 6)


def test_another_schema_is_a_new_version() -> None:
    (first,) = describe({}, "shop", [stream("int")], NOW)

    (found,) = describe(known(first), "shop", [stream("long")], LATER)

    assert (found.version, found.fields) == (2, {"id": "long"})


def test_the_same_name_in_another_source_is_another_stream() -> None:
    (first,) = describe({}, "shop", [stream("int")], NOW)

    (found,) = describe(known(first), "office", [stream("int")], LATER)

    assert (found.source, found.version) == ("office", 1)
