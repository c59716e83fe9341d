from typing import Any

from router.control.declare import Action, plan
from router.control.records import Connectors, Entry, Kind

SETTINGS: dict[str, Any] = {"connector": "http", "topics": ["a.v1"]}
DECLARED: tuple[Kind, dict[str, Any]] = ("sink", SETTINGS)


def _entry(origin: Any = "file", kind: Kind = "sink", **settings: Any) -> Entry:
    return Entry(kind, SETTINGS | settings, origin, 4, "2026-11-23T09:00:00+00:00", "ann")


def _plan(current: dict[str, Entry], declared: dict[str, tuple[Kind, dict[str, Any]]]) -> list[tuple[str, Action]]:
    return [(step.name, step.action) for step in plan(Connectors(current), declared, "olaf")]


def test_what_is_missing_is_created_and_what_is_gone_from_the_file_is_deleted() -> None:
    assert _plan({"old": _entry()}, {"new": DECLARED}) == [("new", Action.CREATE), ("old", Action.DELETE)]


def test_what_is_as_declared_is_left_alone() -> None:
    (step,) = plan(Connectors({"a": _entry()}), {"a": DECLARED}, "olaf")

    assert (step.action, step.entry) == (Action.UNCHANGED, _entry())


def test_what_differs_gets_a_new_version_and_the_settings_that_differ_are_named() -> None:
    (step,) = plan(Connectors({"a": _entry(topics=["b.v1"], tasks=2)}), {"a": DECLARED}, "olaf")

    assert (step.action, step.changed) == (Action.UPDATE, ("tasks", "topics"))
    assert step.entry is not None
    assert (step.entry.version, step.entry.changed_by, step.entry.settings) == (5, "olaf", SETTINGS)


def test_connectors_of_the_api_stay_unless_the_file_declares_them() -> None:
    assert _plan({"a": _entry("api")}, {}) == []
    assert _plan({"a": _entry("api")}, {"a": DECLARED}) == [("a", Action.UPDATE)]


def test_a_source_that_becomes_a_sink_is_an_update() -> None:
    assert _plan({"a": _entry(kind="source")}, {"a": DECLARED}) == [("a", Action.UPDATE)]
