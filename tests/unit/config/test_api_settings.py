from pathlib import Path

import pytest

from router.api import Reason
from router.config.load import load_offline
from tests.unit.config.examples import faults, write

HEAD = """\
name: shop
kafka:
  bootstrap_servers: 127.0.0.1:9092
  registry_url: http://127.0.0.1:8081
"""
TOKEN = "{name: ci, role: admin, sha256: " + "0a" * 32 + "}"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.3.2.1", "::1"])
def test_without_tokens_the_api_listens_on_loopback(tmp_path: Path, host: str) -> None:
    loaded = load_offline(write(tmp_path, f'{HEAD}api: {{host: "{host}"}}\n'))

    assert loaded.pipeline.api is not None
    assert loaded.pipeline.api.host == host


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "10.0.0.7", "api.example.com", "localhost.evil.example", ""],  # noqa: S104  refused, not bound
)
def test_without_tokens_it_listens_nowhere_else(tmp_path: Path, host: str) -> None:
    found = faults(write(tmp_path, f'{HEAD}api: {{host: "{host}"}}\n'))

    assert [(fault.reason, fault.path) for fault in found] == [(Reason.CONFIG_INVALID, "api")]


def test_with_tokens_it_listens_anywhere(tmp_path: Path) -> None:
    loaded = load_offline(write(tmp_path, f"{HEAD}api: {{host: 0.0.0.0, tokens: [{TOKEN}]}}\n"))

    assert loaded.pipeline.api is not None
    assert len(loaded.pipeline.api.tokens) == 1


@pytest.mark.parametrize(
    "tokens",
    [
        f"[{TOKEN}, {TOKEN}]",
        "[{name: ci, role: king, sha256: " + "0a" * 32 + "}]",
        "[{name: ci, role: admin, sha256: secret}]",
        "[{name: ci, role: admin}]",
        "[{name: '', role: admin, sha256: " + "0a" * 32 + "}]",
    ],
)
def test_tokens_that_say_nothing_are_refused(tmp_path: Path, tokens: str) -> None:
    found = faults(write(tmp_path, f"{HEAD}api: {{tokens: {tokens}}}\n"))

    assert {fault.reason for fault in found} == {Reason.CONFIG_INVALID}
    assert "secret" not in str([fault.message for fault in found])


@pytest.mark.parametrize("port", [8080, 9464])
def test_the_api_has_a_port_of_its_own(tmp_path: Path, port: int) -> None:
    found = faults(write(tmp_path, f"{HEAD}api: {{port: {port}}}\n"))

    assert [fault.path for fault in found] == ["api.port"]


@pytest.mark.parametrize("topic", ["shop.connectors", "shop.tasks", "shop.status", "shop.audit", "shop.offsets"])
def test_no_events_go_to_the_runtimes_own_topics(tmp_path: Path, topic: str) -> None:
    sink = f"sinks: {{a: {{connector: table, topics: [{topic}], scopes: {{topics: [{topic}]}}}}}}\n"

    found = faults(write(tmp_path, HEAD + sink))

    assert any(fault.path == "sinks.a.topics[0]" for fault in found)


@pytest.mark.parametrize("sink", ["workers: {", "a: {delivery: {group: shop.workers}, "])
def test_no_sink_joins_the_workers_group(tmp_path: Path, sink: str) -> None:
    settings = sink + "connector: table, topics: [a.v1], scopes: {topics: [a.v1]}}"

    found = faults(write(tmp_path, f"{HEAD}sinks:\n  {settings}\n"))

    assert any("share the tasks" in fault.message for fault in found)
