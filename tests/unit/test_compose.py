"""docker-compose.yml stays valid, and every file that it names exists, also where there is no Docker to ask."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
MAKE_SECRETS = ROOT / "helm" / "compose" / "make-secrets.sh"

# The part of the Compose specification that the file may use, with the type of each key.
SERVICE_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "image": str,
    "build": dict,
    "command": list,
    "entrypoint": list,
    "environment": dict,
    "depends_on": dict,
    "ports": list,
    "volumes": list,
    "restart": str,
    "healthcheck": dict,
    "profiles": list,
    "network_mode": str,
    "cap_add": list,
    "cap_drop": list,
    "read_only": bool,
    "tmpfs": list,
    "security_opt": list,
}
HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
RESTARTS = {"no", "unless-stopped"}
DURATION = re.compile(r"[1-9][0-9]*s")
PINNED = re.compile(r"[a-z0-9/-]+:v?[0-9]+\.[0-9]+(\.[0-9]+)?(-[a-z]+)?")
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY", re.IGNORECASE)

each_service = pytest.mark.parametrize("name", SERVICES)


@each_service
def test_a_service_uses_known_keys_with_values_of_the_right_type(name: str) -> None:
    service = SERVICES[name]

    assert service.keys() <= SERVICE_KEYS.keys()
    for key, value in service.items():
        assert isinstance(value, SERVICE_KEYS[key]), key


@each_service
def test_a_services_image_is_pinned_to_a_version(name: str) -> None:
    assert PINNED.fullmatch(SERVICES[name]["image"])


@each_service
def test_a_service_has_a_health_check_unless_others_wait_for_its_end(name: str) -> None:
    service = SERVICES[name]

    if name in _awaited_to_their_end():
        assert service["restart"] == "no"
        return
    health = service["healthcheck"]
    assert health.keys() <= HEALTH_KEYS
    assert health["test"][0] == "CMD"
    assert all(DURATION.fullmatch(health[key]) for key in ("interval", "timeout"))
    assert service["restart"] in RESTARTS


@each_service
def test_a_service_waits_only_for_services_that_exist_and_can_reach_the_condition(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        assert how.keys() == {"condition"}
        assert how["condition"] in CONDITIONS
        assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]


@each_service
def test_a_service_publishes_its_ports_on_loopback_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:[0-9]+:[0-9]+", port)


def test_no_two_services_publish_the_same_port() -> None:
    published = [port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", [])]

    assert len(published) == len(set(published))


@each_service
def test_every_mounted_file_exists_and_every_volume_is_declared(name: str) -> None:
    for mount in SERVICES[name].get("volumes", []):
        source = mount.split(":")[0]
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert mount.endswith(":ro"), "files of the repository are mounted read-only"
        else:
            assert source in COMPOSE["volumes"]


@each_service
def test_no_secret_is_written_out(name: str) -> None:
    """A setting named like a secret points at a file of the secrets volume, which make-secrets.sh has filled."""
    service = SERVICES[name]

    for variable, value in service.get("environment", {}).items():
        if SECRET_NAME.search(variable):
            assert variable.endswith("_FILE"), variable
            assert value.startswith("/secrets/")
    named = set(re.findall(r"/secrets/(\w+)", str(service)))
    assert named <= _made_secrets()
    assert not named or any(mount.startswith("secrets:/secrets") for mount in service["volumes"])


def test_each_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    _make_secrets(tmp_path)
    first = {file.name: file.read_text() for file in tmp_path.iterdir()}
    _make_secrets(tmp_path)

    assert first.keys() == _made_secrets()
    assert all(re.fullmatch(r"[A-Za-z0-9]{32,}", value) for value in first.values())
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == first


def test_the_apis_token_is_known_by_its_digest(tmp_path: Path) -> None:
    secrets, configuration = tmp_path / "secrets", tmp_path / "configuration"
    for directory in (secrets, configuration):
        directory.mkdir()

    _make_secrets(secrets, configuration)

    (token,) = yaml.safe_load((configuration / "api.yaml").read_text())["api"]["tokens"]
    assert token["sha256"] == sha256((secrets / "api").read_bytes()).hexdigest()
    assert SERVICES["secrets"]["entrypoint"][-2:] == ["/secrets", "/configuration"]


def test_the_broker_and_the_database_have_what_the_runtime_needs() -> None:
    kafka = SERVICES["kafka"]["environment"]

    assert SERVICES["postgres"]["command"][-1] == "wal_level=logical"
    assert kafka["KAFKA_PROCESS_ROLES"] == "broker,controller"
    assert all(value == 1 for key, value in kafka.items() if key.endswith(("REPLICATION_FACTOR", "MIN_ISR")))


def _awaited_to_their_end() -> set[str]:
    return {
        other
        for service in SERVICES.values()
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }


def _made_secrets() -> set[str]:
    names = re.search(r"for name in ([\w ]+);", MAKE_SECRETS.read_text())
    return set(names[1].split()) if names else set()


def _make_secrets(*directories: Path) -> None:
    subprocess.run(["/bin/sh", MAKE_SECRETS, *directories], check=True)  # noqa: S603  our own script


def published_ports(service: str) -> Iterator[int]:
    """The ports inside the container that the host can reach."""
    for port in SERVICES[service]["ports"]:
        yield int(port.split(":")[2])
