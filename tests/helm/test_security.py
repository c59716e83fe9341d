"""The pods meet the restricted Pod Security Standard, and reach and serve only what the policies list."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.helm.chart import EVERYTHING, MINIMAL, PIPELINE, Object, of_kind, pods, rendered

pytestmark = pytest.mark.timeout(1_800)  # the first one builds Helm
# https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def test_every_pod_meets_the_restricted_standard(objects: Sequence[Object]) -> None:
    for pod in pods(objects).values():
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"} & pod.keys()
        assert all(len(volume.keys() & VOLUMES) == 1 for volume in pod["volumes"])
        for context in [pod["securityContext"], *(container["securityContext"] for container in pod["containers"])]:
            assert context["runAsNonRoot"] is True
            assert context["runAsUser"] > 0
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert "privileged" not in container["securityContext"]
            assert not any("hostPort" in port for port in container.get("ports", []))


def test_every_pod_writes_only_to_its_scratch_directory(objects: Sequence[Object]) -> None:
    for pod in pods(objects).values():
        (container,) = pod["containers"]
        writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]

        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert writable == ["/tmp"]  # noqa: S108  inside the container


def test_no_pod_can_speak_to_kubernetes(objects: Sequence[Object]) -> None:
    assert all(account["automountServiceAccountToken"] is False for account in _accounts(objects))
    for pod in pods(objects).values():
        assert pod["automountServiceAccountToken"] is False
        assert pod["serviceAccountName"] in {account["metadata"]["name"] for account in _accounts(objects)}


def test_every_container_says_what_it_needs_and_what_it_may_take(objects: Sequence[Object]) -> None:
    for pod in pods(objects).values():
        resources = pod["containers"][0]["resources"]

        assert resources["requests"].keys() == {"cpu", "memory"}
        assert "memory" in resources["limits"]


def test_an_environment_variable_is_a_setting_of_the_log_or_comes_from_a_secret(objects: Sequence[Object]) -> None:
    for pod in pods(objects).values():
        for variable in pod["containers"][0]["env"]:
            assert variable["name"] in {"LOG_LEVEL", "LOG_FORMAT"} or variable["valueFrom"].keys() == {"secretKeyRef"}


def test_the_api_gets_no_secrets(everything: Sequence[Object]) -> None:
    (container,) = pods(everything)["api"]["containers"]

    assert not any("valueFrom" in variable for variable in container["env"])
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/etc/connectors", "/tmp"}  # noqa: S108


def test_a_role_that_works_gets_what_its_references_name(everything: Sequence[Object]) -> None:
    for role in ("ingress", "worker", "check"):
        (container,) = pods(everything)[role]["containers"]
        secret = next(variable for variable in container["env"] if variable["name"] == "GITHUB_SECRET")
        mounts = {mount["mountPath"] for mount in container["volumeMounts"]}

        assert secret["valueFrom"]["secretKeyRef"] == {"name": "webhooks", "key": "github"}
        assert {"/secrets/vault", "/certificates/vault"} < mounts


def test_everything_is_denied_to_every_pod_of_the_release(minimal: Sequence[Object]) -> None:
    spec = of_kind(minimal, "NetworkPolicy")["deny"]["spec"]

    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert not spec.keys() & {"ingress", "egress"}
    assert spec["podSelector"]["matchLabels"] == {
        "app.kubernetes.io/name": "connectors",
        "app.kubernetes.io/instance": "shop",
    }


def test_the_ports_that_a_role_may_reach_are_those_that_the_pipeline_names(minimal: Sequence[Object]) -> None:
    policies = of_kind(minimal, "NetworkPolicy")
    reached = {role: set(_outward(policies[role])) for role in ("ingress", "worker", "check")}

    shared = {53, 9092, 9094, 443, 8200}  # names, brokers, the registry's https, Vault
    assert reached == {"ingress": shared, "worker": {*shared, 5432}, "check": shared}


def test_the_api_does_not_reach_vault(everything: Sequence[Object]) -> None:
    assert 8200 not in set(_outward(of_kind(everything, "NetworkPolicy")["api"]))


def test_the_endpoints_are_open_to_pods_and_the_admin_port_to_prometheus_only(everything: Sequence[Object]) -> None:
    policies = of_kind(everything, "NetworkPolicy")
    prometheus = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]

    assert _clients(policies["ingress"]) == {"http": [{"namespaceSelector": {}}], "admin": prometheus}
    assert _clients(policies["api"]) == {
        "http": [{"podSelector": {"matchLabels": {"app": "deploy"}}}],
        "admin": prometheus,
    }
    assert _clients(policies["worker"]) == _clients(policies["monitor"]) == {"admin": prometheus}


def test_nobody_reaches_the_api_unless_somebody_is_named() -> None:
    values = {**EVERYTHING, "networkPolicy": {}}

    assert "http" not in _clients(of_kind(rendered(values), "NetworkPolicy")["api"])


def test_further_rules_and_peers_are_taken_over(everything: Sequence[Object]) -> None:
    rules = of_kind(everything, "NetworkPolicy")["worker"]["spec"]["egress"]

    assert rules[1]["to"] == [{"ipBlock": {"cidr": "10.0.0.0/8"}}]
    assert rules[2] == {"ports": [{"protocol": "TCP", "port": 443}]}


@pytest.mark.parametrize(
    ("registry", "port"), [("http://registry", 80), ("http://registry:8081", 8081), ("https://[fd00::1]:8443/x", 8443)]
)
def test_the_registrys_port_is_found_in_its_address(registry: str, port: int) -> None:
    kafka = {**PIPELINE["kafka"], "registry_url": registry}
    values = {**MINIMAL, "pipeline": {**PIPELINE, "kafka": kafka, "vault": {"address": "https://v", "auth": {}}}}

    assert port in set(_outward(of_kind(rendered(values), "NetworkPolicy")["ingress"]))


def test_without_network_policies_there_is_none() -> None:
    values = {**MINIMAL, "networkPolicy": {"enabled": False}}

    assert of_kind(rendered(values), "NetworkPolicy") == {}


def _accounts(objects: Sequence[Object]) -> list[Object]:
    return list(of_kind(objects, "ServiceAccount").values())


def _outward(policy: Object) -> Iterator[int]:
    for rule in policy["spec"]["egress"]:
        for port in rule["ports"]:
            yield port["port"]


def _clients(policy: Object) -> dict[str, Any]:
    return {port["port"]: rule["from"] for rule in policy["spec"]["ingress"] or () for port in rule["ports"]}
