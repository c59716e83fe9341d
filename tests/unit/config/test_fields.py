"""The types at a path are found through unions, lists, tuples, mappings and nested models."""

from typing import Any, Literal

import pytest
from pydantic import Field

from router.api import ConnectorConfig, Secret
from router.config.faults import dotted
from router.config.fields import keys_at, models_in, types_at


class Inner(ConnectorConfig):
    secret: Secret
    kind: Literal["inner"] = "inner"


class Other(ConnectorConfig):
    named: dict[str, Secret] = Field(default_factory=dict)
    kind: Literal["other"] = "other"


class Outer(ConnectorConfig):
    either: Inner | Other
    many: tuple[Inner, ...] = ()
    pair: tuple[int, Secret]
    maybe: Secret | None = None
    renamed: str = Field("", alias="other-name")
    free: dict[str, Any] = Field(default_factory=dict)


@pytest.mark.parametrize(
    "path",
    [("either", "secret"), ("either", "named", "x"), ("many", 3, "secret"), ("pair", 1), ("maybe",)],
)
def test_a_secret_is_found_wherever_it_is(path: tuple[str | int, ...]) -> None:
    assert Secret in set(types_at(Outer, path))


@pytest.mark.parametrize(
    ("path", "types"),
    [
        (("pair", 0), [int]),
        (("pair", 2), []),
        (("pair", "x"), []),
        (("other-name",), [str]),
        (("renamed",), []),
        (("free", "a", 1, "b"), [Any]),
        (("either", "unknown", "x"), []),
        (("many", 0, "secret", "deeper"), []),
    ],
)
def test_what_else_is_there(path: tuple[str | int, ...], types: list[Any]) -> None:
    assert list(types_at(Outer, path)) == types


def test_the_settings_of_all_members_of_a_union_are_known() -> None:
    assert keys_at(Outer, ("either",)) == {"secret", "kind", "named"}
    assert keys_at(Outer, ("maybe",)) == frozenset()


def test_the_models_in_a_type_are_found() -> None:
    found = list(models_in(dict[str, tuple[Inner, ...]] | Other | None))

    assert [model.__name__ for model in found] == ["Inner", "Other"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("sources", "github", "routes", 0, "when"), "sources.github.routes[0].when"),
        (("headers", "X.Y"), 'headers."X.Y"'),
        (("a\x1b[31m",), '"a\\x1b[31m"'),
        (("x" * 65,), f'"{"x" * 64}"'),
        (("",), '""'),
    ],
)
def test_a_path_is_shown_without_surprises(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text
