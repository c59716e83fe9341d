"""The files beside docker-compose.yml fit it: the pipeline, what Prometheus reads, what Grafana shows, the image."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from router.cli.app import COMMANDS
from router.config.load import Loaded, load
from router.config.models import ApiSettings
from router.observability.metrics import REGISTRY
from tests.unit.test_compose import ROOT, SERVICES, published_ports

COMPOSE = ROOT / "helm" / "compose"
IMAGE = ROOT / "helm" / "image"
DOCKERFILE = (IMAGE / "Dockerfile").read_text().replace("\\\n", " ")
DASHBOARDS = "./helm/connectors/files/dashboards"
DASHBOARD = json.loads((ROOT / DASHBOARDS / "connectors.json").read_text())
ROLES = {name: service for name, service in SERVICES.items() if "build" in service}


def test_the_stack_builds_the_image_of_this_version() -> None:
    for service in ROLES.values():
        assert service["image"] == f"northfield-con:{version('northfield-con')}"
        assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_each_role_runs_a_command_that_exists_on_the_whole_configuration() -> None:
    commands = {name: service["command"] for name, service in ROLES.items()}

    assert commands == {role: [role.replace("router", "run"), "/etc/router"] for role in ("router", "api", "monitor")}
    assert {command[0] for command in commands.values()} <= COMMANDS.keys()
    for service in ROLES.values():
        assert "configuration:/etc/router" in service["volumes"]
        assert "./helm/compose/pipeline.yaml:/etc/router/pipeline.yaml:ro" in service["volumes"]


def test_the_pipeline_is_valid() -> None:
    loaded = _pipeline()

    assert set(loaded.receivers) == {"github"}
    assert set(loaded.sinks) == {"events-db"}


def test_the_pipeline_connects_to_services_of_the_stack() -> None:
    loaded = _pipeline()
    listeners = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    hosts = [sink.connector.hosts(sink.config) for sink in loaded.sinks.values()]

    assert f"//{loaded.pipeline.kafka.bootstrap_servers}," in listeners
    assert loaded.pipeline.kafka.registry_url == "http://registry:8080/apis/ccompat/v7"
    assert list(published_ports("registry")) == [8080]
    assert hosts == [("postgres:5432",)]


def test_the_ports_of_the_pipeline_are_those_that_the_stack_publishes() -> None:
    pipeline = _pipeline().pipeline

    assert list(published_ports("router")) == [pipeline.ingress.port, pipeline.admin.port]
    assert list(published_ports("api")) == [ApiSettings().port]
    assert {pipeline.ingress.host, pipeline.admin.host} == {"0.0.0.0"}  # noqa: S104  inside its container
    for service in ROLES.values():
        assert f":{pipeline.admin.port}/readyz" in str(service["healthcheck"]["test"])


def test_the_pipelines_secrets_are_files_that_the_stack_makes() -> None:
    made = (COMPOSE / "make-secrets.sh").read_text()

    for use in _pipeline().secrets:
        name = use.reference.removeprefix("${file:/secrets/").removesuffix("}")
        assert re.search(rf"for name in .*\b{name}\b", made), use.reference


def test_prometheus_scrapes_the_admin_port_of_each_role() -> None:
    (scrape,) = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["scrape_configs"]
    scraped = {target: config["labels"]["role"] for config in scrape["static_configs"] for target in config["targets"]}

    assert scraped == {f"{name}:9464": service["command"][0] for name, service in ROLES.items()}


def test_prometheus_reads_the_rules_of_the_chart() -> None:
    (rules,) = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["rule_files"]

    assert f"./helm/connectors/files/alerts.yaml:{rules}:ro" in SERVICES["prometheus"]["volumes"]


def test_grafana_asks_the_prometheus_of_the_stack() -> None:
    (source,) = yaml.safe_load((COMPOSE / "grafana" / "datasources" / "prometheus.yaml").read_text())["datasources"]

    assert source["url"] == "http://prometheus:9090"
    assert source["isDefault"]
    assert {target["datasource"]["uid"] for target in _targets()} == {"${datasource}"}


def test_the_dashboard_asks_only_for_metrics_that_exist() -> None:
    exposed = {name for family in REGISTRY.collect() for name in _series(family.name, family.type)}
    asked = {name for target in _targets() for name in re.findall(r"\bcon_\w+", target["expr"])}

    assert asked
    assert asked <= exposed


def test_the_dashboards_file_is_where_its_provider_and_the_home_page_look() -> None:
    (provider,) = yaml.safe_load((COMPOSE / "grafana" / "providers" / "files.yaml").read_text())["providers"]
    grafana = SERVICES["grafana"]
    mounts = dict(mount.split(":")[:2] for mount in grafana["volumes"])
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]

    assert provider["options"]["path"] == mounts[DASHBOARDS]
    assert home == f"{provider['options']['path']}/connectors.json"


def test_the_image_copies_only_what_exists_and_what_the_build_is_given() -> None:
    ignore = (IMAGE / "Dockerfile.dockerignore").read_text().splitlines()
    kept = [line.removeprefix("!") for line in ignore if line.startswith("!")]

    copied = [path for line in _instructions("COPY") if "--from=" not in line for path in line.split()[:-1]]

    assert copied
    for path in copied:
        assert (ROOT / path).exists(), path
        assert any(fnmatch(path, pattern) for pattern in kept), path


def test_the_image_is_built_from_pinned_and_hashed_parts_only() -> None:
    installs = re.findall(r"pip [^&]*\binstall\b[^&\n]*", DOCKERFILE)

    assert all(re.fullmatch(r"python:3\.12\.[0-9]+-slim-\w+( AS build)?", base) for base in _instructions("FROM"))
    assert len(installs) == 2
    assert all("--require-hashes" in install for install in installs)
    for lock in (ROOT / "requirements.lock", IMAGE / "build.lock"):
        assert _unhashed(lock) == []


def test_the_image_runs_the_command_as_nobody_in_particular() -> None:
    (user,) = _instructions("USER")
    (entrypoint,) = _instructions("ENTRYPOINT")

    assert int(user.split(":")[0]) > 0
    assert json.loads(entrypoint) == ["/opt/router/bin/router"]


def _pipeline() -> Loaded:
    return load(COMPOSE / "pipeline.yaml", resolve=lambda _reference: "a secret of the right length, more or less")


def _targets() -> Iterator[dict[str, Any]]:
    for panel in DASHBOARD["panels"]:
        yield from panel.get("targets", [])


def _series(family: str, kind: str) -> Iterator[str]:
    if kind == "counter":
        yield f"{family}_total"
    elif kind == "histogram":
        yield from (f"{family}_bucket", f"{family}_sum", f"{family}_count")
    else:
        yield family


def _instructions(name: str) -> list[str]:
    return [line.removeprefix(name).strip() for line in DOCKERFILE.splitlines() if line.startswith(f"{name} ")]


def _unhashed(lock: Path) -> list[str]:
    entries = re.split(r"\n(?=[a-z0-9])", lock.read_text(), flags=re.IGNORECASE)
    return [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]
