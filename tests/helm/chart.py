"""The chart as tests see it: values for each combination, and what Helm makes of them."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.helm.programs import HELM

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "connectors"
KUBERNETES = "1.34.0"
Object = Mapping[str, Any]
Values = dict[str, Any]

PIPELINE: Values = {
    "name": "shop",
    "kafka": {
        "bootstrap_servers": "kafka-0.kafka:9092,kafka-1.kafka:9094",
        "registry_url": "https://registry.example.com/apis/ccompat/v7",
    },
    "vault": {
        "address": "https://vault.example.com:8200",
        "ca_cert": "/certificates/vault/ca.crt",
        "auth": {
            "method": "approle",
            "role_id": "${file:/secrets/vault/role-id}",
            "secret_id": "${file:/secrets/vault/secret-id}",
        },
    },
    "sources": {
        "github": {
            "connector": "webhook",
            "scopes": {"topics": ["github.v1"], "secrets": ["${env:GITHUB_SECRET}"]},
            "config": {"path": "/hooks/github", "verify": {"scheme": "github", "secrets": ["${env:GITHUB_SECRET}"]}},
            "routes": [{"topic": "github.v1", "key": "data.repository.full_name"}],
        }
    },
    "sinks": {
        "orders": {
            "connector": "postgres",
            "topics": ["github.v1"],
            "scopes": {
                "topics": ["github.v1"],
                "secrets": ["${vault:secret/shop/db#password}"],
                "hosts": ["db.example.com:5432"],
            },
            "config": {
                "host": "db.example.com",
                "database": "shop",
                "user": "connectors",
                "password": "${vault:secret/shop/db#password}",
                "table": "orders",
            },
        }
    },
}
TOKENS = [{"name": "ci", "role": "operator", "sha256": "0" * 64}]
SECRETS: Values = {
    "env": [{"name": "GITHUB_SECRET", "secret": "webhooks", "key": "github"}],
    "files": [
        {"secret": "vault-approle", "path": "/secrets/vault"},
        {"configMap": "vault-ca", "path": "/certificates/vault"},
    ],
}
MINIMAL: Values = {"pipeline": PIPELINE, "secrets": SECRETS}
EVERYTHING: Values = {
    "pipeline": {**PIPELINE, "api": {"tokens": TOKENS}},
    "secrets": SECRETS,
    "commonLabels": {"team": "shop"},
    "image": {"digest": f"sha256:{'a' * 64}"},
    "imagePullSecrets": [{"name": "registry"}],
    "serviceAccount": {"annotations": {"example.com/role": "connectors"}},
    "ingress": {
        "expose": {"enabled": True, "className": "nginx", "hosts": ["hooks.example.com"], "tlsSecret": "hooks-tls"},
        "autoscaling": {"enabled": True},
        "priorityClassName": "high",
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "podAnnotations": {"example.com/a": "b"},
        "podLabels": {"example.com/c": "d"},
    },
    "api": {"enabled": True, "expose": {"enabled": True, "hosts": ["api.example.com"]}},
    "monitor": {"enabled": True},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "rules": {"enabled": True, "runbook": "https://example.com/when-an-alert-fires.md"},
    "dashboard": {"enabled": True},
    "networkPolicy": {
        "clients": {"api": [{"podSelector": {"matchLabels": {"app": "deploy"}}}]},
        "egress": {
            "to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
            "rules": [{"ports": [{"protocol": "TCP", "port": 443}]}],
        },
    },
}
KEDA: Values = {**MINIMAL, "worker": {"keda": {"enabled": True}}}
OPEN: Values = {**MINIMAL, "networkPolicy": {"enabled": False}, "worker": {"disruptionBudget": {"enabled": False}}}
OWN_CONFIG_MAP: Values = {"existingConfigMap": "shop-pipeline", "configRevision": "7", "ingress": {"enabled": False}}
COMBINATIONS: Mapping[str, Values] = {
    "minimal": MINIMAL,
    "everything": EVERYTHING,
    "keda": KEDA,
    "open": OPEN,
    "own ConfigMap": OWN_CONFIG_MAP,
}


def helm(command: Sequence[str], values: Values) -> subprocess.CompletedProcess[str]:
    """Helm with the values, which may be wrong."""
    return subprocess.run(  # noqa: S603  our own command
        [HELM.path(), *command, "--kube-version", KUBERNETES, "--values", "-"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )


def template(values: Values) -> subprocess.CompletedProcess[str]:
    """What `helm template` says."""
    return helm(["template", "shop", str(CHART), "--namespace", "prod"], values)


def rendered(values: Values) -> list[Object]:
    """The objects of a release with these values."""
    done = template(values)
    assert done.returncode == 0, done.stderr
    return [content for content in yaml.safe_load_all(done.stdout) if content]


def of_kind(objects: Sequence[Object], kind: str) -> dict[str, Object]:
    """The objects of the kind, by what follows the release's name in theirs."""
    return {
        one["metadata"]["name"].removeprefix("shop-connectors").removeprefix("-"): one
        for one in objects
        if one["kind"] == kind
    }


def pods(objects: Sequence[Object]) -> dict[str, Object]:
    """The spec of each kind of pod, by its role."""
    deployments = of_kind(objects, "Deployment")
    specs = {role: deployment["spec"]["template"]["spec"] for role, deployment in deployments.items()}
    return {**specs, **{name: pod["spec"] for name, pod in of_kind(objects, "Pod").items()}}
