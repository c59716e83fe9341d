"""What a configuration allows connectors to connect to reaches their settings."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from router.api import Egress, Reason
from router.config.load import load_offline
from router.config.models import Pipeline
from router.config.single import load_connector
from tests.unit.config.examples import VALID, faults, replaced, withheld, write

ALLOWING = VALID + 'egress: {allow: [10.0.0.0/8, "fd00:1::/32", 192.168.1.1]}\n'
SINK = {
    "connector": "table",
    "topics": ["github.v1"],
    "scopes": {"topics": ["github.v1"], "secrets": ["${env:DB_PASSWORD}"], "hosts": ["127.0.0.1:5432"]},
    "config": {"host": "127.0.0.1", "port": 5432, "password": "${env:DB_PASSWORD}"},
}


def test_without_a_word_only_the_scopes_count(tmp_path: Path) -> None:
    loaded = load_offline(write(tmp_path, VALID))

    assert loaded.sinks["store"].config.egress == Egress(hosts=frozenset({"127.0.0.1:5432"}))


def test_allowed_networks_reach_every_connector(tmp_path: Path) -> None:
    loaded = load_offline(write(tmp_path, ALLOWING))

    networks = (ip_network("10.0.0.0/8"), ip_network("fd00:1::/32"), ip_network("192.168.1.1/32"))
    assert loaded.sinks["store"].config.egress.allow == networks
    assert loaded.receivers["github"].config.egress.allow == networks


def test_a_connector_that_stands_in_no_file_gets_the_pipelines_networks(tmp_path: Path) -> None:
    pipeline: Pipeline = load_offline(write(tmp_path, ALLOWING)).pipeline

    loaded = load_connector(pipeline, "sink", "other", SINK, withheld)

    assert loaded.config.egress == Egress(pipeline.egress.allow, frozenset({"127.0.0.1:5432"}))


@pytest.mark.parametrize("network", ["10.0.0.1/8", "shop.example", "10.0.0.0/33", "*"])
def test_what_is_no_network_is_refused(tmp_path: Path, network: str) -> None:
    [fault] = faults(write(tmp_path, VALID + f'egress: {{allow: ["{network}"]}}\n'))

    assert (fault.reason, fault.path) == (Reason.CONFIG_INVALID, "egress.allow[0]")


def test_a_metadata_service_is_refused_though_the_scopes_name_it(tmp_path: Path) -> None:
    text = VALID.replace("127.0.0.1:5432", "169.254.169.254:5432").replace("host: 127.0.0.1", "host: 169.254.169.254")

    [fault] = faults(write(tmp_path, text))

    assert (fault.reason, fault.path) == (Reason.EGRESS_DENIED, "sinks.store.config")


def test_a_metadata_service_that_is_allowed_itself_is_accepted(tmp_path: Path) -> None:
    text = VALID.replace("127.0.0.1:5432", "169.254.169.254:5432").replace("host: 127.0.0.1", "host: 169.254.169.254")

    loaded = load_offline(write(tmp_path, text + "egress: {allow: [169.254.169.254/32]}\n"))

    assert "store" in loaded.sinks


def test_a_host_outside_of_the_scopes_is_one_fault_and_not_two(tmp_path: Path) -> None:
    reasons = [fault.reason for fault in faults(write(tmp_path, replaced("host: 127.0.0.1", "host: 127.0.0.2")))]

    assert reasons == [Reason.SCOPE_EXCEEDED]
