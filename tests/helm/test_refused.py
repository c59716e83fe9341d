"""What the chart refuses, before anything reaches a cluster: unknown keys, secrets, and values that cannot work."""

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from router.api import Secret
from router.config.models import Pipeline
from tests.helm.chart import EVERYTHING, KEDA, MINIMAL, PIPELINE, SECRETS, Values, template

pytestmark = pytest.mark.timeout(1_800)  # the first one builds Helm
LITERAL = "hunter2-hunter2"


@pytest.mark.parametrize(
    "values",
    [
        {"replicas": 3},
        {"ingress": {"replica": 3}},
        {"worker": {"keda": {"enable": True}}},
        {"worker": {"service": {"type": "ClusterIP"}}},
        {"networkPolicy": {"allow": []}},
        {"secrets": {"values": {"GITHUB_SECRET": LITERAL}}},
        {"secrets": {"env": [{"name": "GITHUB_SECRET", "value": LITERAL}]}},
        {"secrets": {"files": [{"path": "/secrets/a", "content": LITERAL}]}},
        {"secrets": {"files": [{"path": "/secrets/a", "secret": "a", "configMap": "a"}]}},
        {"image": {"digest": "latest"}},
        {"api": {"expose": {"enabled": True}}},
        {"worker": {"keda": {"minReplicas": 0}}},
    ],
    ids=str,
)
def test_unknown_keys_and_wrong_values_are_refused_by_the_schema(values: Values) -> None:
    done = template({**MINIMAL, **values})

    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr


def test_a_secret_in_the_pipeline_is_refused_wherever_a_connector_takes_one() -> None:
    places = set(_secret_places(Pipeline))
    for group in ("router.sources", "router.sinks"):
        for found in entry_points(group=group):
            places |= set(_secret_places(found.load().config))

    assert {("password",), ("verify", "secrets"), ("auth", "key"), ("auth", "client_secret")} <= places
    for place in places:
        assert _is_refused(place, LITERAL), place
        assert not _is_refused(place, "${env:NAME}"), place


def test_a_reference_is_no_secret() -> None:
    assert template(MINIMAL).returncode == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "Give the configuration"),
        ({"pipeline": PIPELINE, "existingConfigMap": "shop"}, "not both"),
        ({**MINIMAL, "pipeline": {**PIPELINE, "ingress": {"processes": 4}}}, "ingress.replicas"),
        ({**MINIMAL, "api": {"enabled": True}}, "pipeline.api.tokens"),
        ({**MINIMAL, "ingress": {"enabled": False}, "worker": {"enabled": False}}, "Every role is disabled"),
        ({**KEDA, "pipeline": {**PIPELINE, "sinks": {}}}, "worker.keda.triggers"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_do(values: Values, message: str) -> None:
    done = template(values)

    assert done.returncode != 0
    assert message in done.stderr


def test_no_secret_object_is_ever_made() -> None:
    done = template({**EVERYTHING, "secrets": SECRETS})

    assert done.returncode == 0
    assert "kind: Secret\n" not in done.stdout


def _is_refused(place: tuple[str, ...], value: str) -> bool:
    config: Any = [value] if place[-1] == "secrets" else value
    for key in reversed(place):
        config = {key: config}
    source = {**PIPELINE["sources"]["github"], "config": config}
    done = template({**MINIMAL, "pipeline": {**PIPELINE, "sources": {"github": source}}})
    return done.returncode != 0 and "schema" in done.stderr


def _secret_places(kind: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the fields that are secrets, below models, unions and tuples. What may also be a text is none."""
    if any(get_args(argument)[:1] == (str,) for argument in get_args(kind)):
        return
    if kind is Secret:
        yield place
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield from _secret_places(field.annotation, (*place, name))
    else:
        for argument in get_args(kind):
            yield from _secret_places(argument, place)
