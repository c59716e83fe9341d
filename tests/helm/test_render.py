"""What the chart makes of values: valid objects, whatever is switched on, that fit each other and the runtime."""

import json
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from router.cli.app import COMMANDS
from router.config.load import Loaded, load
from router.config.names import consumer_group
from tests.helm.chart import (
    CHART,
    COMBINATIONS,
    EVERYTHING,
    KEDA,
    MINIMAL,
    OWN_CONFIG_MAP,
    PIPELINE,
    Object,
    helm,
    of_kind,
    pods,
    rendered,
)

pytestmark = pytest.mark.timeout(1_800)  # the first one builds Helm
CUSTOM = {file.stem: json.loads(file.read_text()) for file in Path(__file__).with_name("schemas").glob("*.json")}


@pytest.mark.parametrize("name", COMBINATIONS)
def test_helm_finds_nothing_to_complain_about(name: str) -> None:
    done = helm(["lint", str(CHART), "--strict"], COMBINATIONS[name])

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", ["1.30", "1.34", "1.37"])
def test_every_object_is_valid_for_kubernetes(objects: Sequence[Object], version: str) -> None:
    assert objects
    for one in objects:
        if one["kind"] in CUSTOM:
            jsonschema.validate(one, CUSTOM[one["kind"]])
        else:
            kubernetes_validate.validate(one, version, strict=True)


def test_every_object_is_named_once_and_labelled_with_the_release(objects: Sequence[Object]) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]

    assert len(names) == len(set(names))
    for one in objects:
        assert one["metadata"]["namespace"] == "prod"
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == "shop"


def test_every_selector_finds_pods(objects: Sequence[Object]) -> None:
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in of_kind(objects, "Deployment").values()]
    labels += [one["metadata"]["labels"] for one in of_kind(objects, "Pod").values()]

    for one in objects:
        for selector in _selectors(one):
            assert any(selector.items() <= found.items() for found in labels), one["metadata"]["name"]


def test_every_role_runs_a_command_that_exists(everything: Sequence[Object]) -> None:
    arguments = {role: pod["containers"][0]["args"] for role, pod in pods(everything).items()}

    assert arguments == {
        "ingress": ["ingress", "/etc/connectors"],
        "worker": ["worker", "/etc/connectors"],
        "api": ["api", "/etc/connectors"],
        "monitor": ["monitor", "/etc/connectors"],
        "check": ["check", "--secrets", "/etc/connectors"],
    }
    assert {command[0] for command in arguments.values()} <= COMMANDS.keys()


@pytest.mark.parametrize("values", [MINIMAL, EVERYTHING], ids=["minimal", "everything"])
def test_the_configuration_is_one_that_the_runtime_takes(values: dict[str, Any], tmp_path: Path) -> None:
    pipeline = _configuration(values, tmp_path).pipeline

    assert {pipeline.ingress.host, pipeline.admin.host} == {"0.0.0.0"}  # noqa: S104  inside the pod
    assert pipeline.name == "shop"


def test_the_ports_are_those_of_the_configuration(tmp_path: Path) -> None:
    changed = {**PIPELINE, "ingress": {"port": 8181}, "admin": {"port": 9999}}
    values = {**EVERYTHING, "pipeline": {**changed, "api": {**EVERYTHING["pipeline"]["api"], "port": 8383}}}

    found = {
        role: {port["name"]: port["containerPort"] for port in pod["containers"][0].get("ports", [])}
        for role, pod in pods(rendered(values)).items()
    }

    assert _configuration(values, tmp_path).pipeline.ingress.port == 8181
    assert found["ingress"] == {"http": 8181, "admin": 9999}
    assert found["api"] == {"http": 8383, "admin": 9999}
    assert found["worker"] == found["monitor"] == {"admin": 9999}


def test_a_changed_configuration_starts_the_pods_anew() -> None:
    first, again, other = (
        _annotations(rendered(values))
        for values in (MINIMAL, MINIMAL, {**MINIMAL, "pipeline": {**PIPELINE, "name": "other"}})
    )
    revised = _annotations(rendered({**OWN_CONFIG_MAP, "configRevision": "8"}))

    assert first == again
    assert first.keys() == other.keys()
    assert all(first[role] != other[role] for role in first)
    assert revised != _annotations(rendered(OWN_CONFIG_MAP))


def test_every_mounted_volume_exists_and_a_configuration_of_ones_own_is_used(objects: Sequence[Object]) -> None:
    for pod in pods(objects).values():
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        (container,) = pod["containers"]

        assert {mount["name"] for mount in container["volumeMounts"]} == volumes.keys()
        made = of_kind(objects, "ConfigMap")
        expected = "shop-connectors" if "" in made else "shop-pipeline"
        assert volumes["configuration"]["configMap"]["name"] == expected


def test_ingress_serves_on_while_it_is_taken_off_its_service(minimal: Sequence[Object]) -> None:
    pod = pods(minimal)["ingress"]
    sleep = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert sleep >= 5
    assert pod["terminationGracePeriodSeconds"] >= sleep + 30


def test_a_rollout_takes_no_ingress_away_before_another_is_ready(minimal: Sequence[Object]) -> None:
    deployments = of_kind(minimal, "Deployment")

    assert deployments["ingress"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert of_kind(minimal, "PodDisruptionBudget")["ingress"]["spec"]["maxUnavailable"] == 1


def test_health_is_asked_of_the_admin_port(objects: Sequence[Object]) -> None:
    for role in of_kind(objects, "Deployment"):
        (container,) = pods(objects)[role]["containers"]
        asked = {probe: container[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")}

        assert asked["startup"] == asked["liveness"] == {"path": "/livez", "port": "admin"}
        assert asked["readiness"] == {"path": "/readyz", "port": "admin"}


def test_who_scales_a_deployment_is_the_only_one_to_say_how_many(everything: Sequence[Object]) -> None:
    scaler = of_kind(everything, "HorizontalPodAutoscaler")["ingress"]
    keda = rendered(KEDA)

    assert "replicas" not in of_kind(everything, "Deployment")["ingress"]["spec"]
    assert scaler["spec"]["scaleTargetRef"]["name"] == "shop-connectors-ingress"
    assert "replicas" not in of_kind(keda, "Deployment")["worker"]["spec"]
    assert of_kind(keda, "Deployment")["ingress"]["spec"]["replicas"] == 2


def test_workers_are_scaled_by_the_lag_of_each_sink(tmp_path: Path) -> None:
    sink = PIPELINE["sinks"]["orders"]
    sinks = {"orders": sink, "audit": {**sink, "delivery": {"group": "auditors"}}}
    trigger = {"bootstrapServers": "kafka:9092", "consumerGroup": "shop.late", "topic": "late.v1"}
    values = {
        **MINIMAL,
        "pipeline": {**PIPELINE, "sinks": sinks},
        "worker": {"keda": {"enabled": True, "triggers": [trigger]}},
    }

    scaled = of_kind(rendered(values), "ScaledObject")["worker"]["spec"]
    groups = {one["metadata"]["consumerGroup"] for one in scaled["triggers"]}

    assert groups == {"shop.orders", "auditors", "shop.late"}
    assert groups > {
        consumer_group("shop", name, loaded.settings.delivery.group)
        for name, loaded in _configuration(values, tmp_path).sinks.items()
    }
    assert scaled["minReplicaCount"] >= 1


def test_what_ends_tls_is_for_the_hosts_and_paths_of_the_endpoints(everything: Sequence[Object]) -> None:
    spec = of_kind(everything, "Ingress")["ingress"]["spec"]
    (rule,) = spec["rules"]
    (path,) = rule["http"]["paths"]

    assert spec["tls"] == [{"secretName": "hooks-tls", "hosts": ["hooks.example.com"]}]
    assert (rule["host"], path["path"]) == ("hooks.example.com", "/hooks/")
    assert path["backend"]["service"] == {"name": "shop-connectors-ingress", "port": {"name": "http"}}


def test_nothing_for_operators_that_may_be_missing_is_made_unasked(minimal: Sequence[Object]) -> None:
    assert not {one["kind"] for one in minimal} & {*CUSTOM, "HorizontalPodAutoscaler", "Ingress"}


def test_the_chart_is_of_the_version_of_the_package() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["appVersion"] == chart["version"] == metadata.version("northfield-con")


def _configuration(values: dict[str, Any], directory: Path) -> Loaded:
    file = directory / "pipeline.yaml"
    file.write_text(of_kind(rendered(values), "ConfigMap")[""]["data"]["pipeline.yaml"])
    return load(file, resolve=lambda _reference: "a secret of the right length, more or less")


def _annotations(objects: Sequence[Object]) -> dict[str, Any]:
    return {
        role: one["spec"]["template"]["metadata"]["annotations"] for role, one in of_kind(objects, "Deployment").items()
    }


def _selectors(one: Object) -> list[dict[str, str]]:
    spec = one.get("spec", {})
    if one["kind"] == "Service":
        return [spec["selector"]]
    if one["kind"] == "NetworkPolicy":
        return [spec["podSelector"]["matchLabels"]]
    if one["kind"] in {"Deployment", "PodDisruptionBudget"}:
        return [spec["selector"]["matchLabels"]]
    return []
