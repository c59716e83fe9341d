"""`router discover` and `router backfill` from the command line, without a broker."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from router.api import Schema, Stream
from router.cli.app import run
from router.config import connectors
from router.testing import ScriptedSource, scripted_connector
from tests.unit.config.examples import HOOK

ROW = Schema(
    {
        "type": "record",
        "name": "Row",
        "fields": [
            {"name": "id", "type": "long"},
            {"name": "note", "type": ["null", "string"]},
            {
                "name": "price",
                "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}],
            },
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
            {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A"]}},
        ],
    }
)
STREAMS = (Stream("[red]orders\x1b", ROW, ("id",), 1234), Stream("files", None))
Router = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = scripted_connector(ScriptedSource(), STREAMS)
    monkeypatch.setattr(connectors, "sources", lambda: {"scripted": scripted, "hook": HOOK})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    source = {"connector": "scripted", "scopes": {"topics": ["a.v1"]}, "routes": [{"topic": "a.v1"}]}
    kafka = {"bootstrap_servers": "127.0.0.1:1", "registry_url": "http://127.0.0.1:1"}
    path = tmp_path / "pipeline.yaml"
    path.write_text(json.dumps({"name": "shop", "kafka": kafka, "sources": {"orders": source}}))
    return path


@pytest.fixture
def router(capsys: pytest.CaptureFixture[str]) -> Router:
    def command(*arguments: object) -> tuple[int, str, str]:
        status = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return command


def test_discover_shows_each_stream_with_its_fields_and_types(config: Path, router: Router) -> None:
    status, shown, _ = router("discover", config, "orders")

    assert status == 0
    assert "2 streams of orders" in shown
    assert "[red]orders\\x1b" in shown
    for field in (
        "id: long",
        "note: string?",
        "price: decimal(10,2)?",
        "at: timestamp-micros",
        "tags: array of string",
    ):
        assert field in shown
    assert "kind: enum of A" in shown
    assert "1,234" in shown
    assert "bytes" in shown


def test_discover_prints_whole_schemas_as_json(config: Path, router: Router) -> None:
    status, printed, _ = router("discover", config, "orders", "--json")

    first, second = json.loads(printed)
    assert status == 0
    assert first["schema"] == ROW.avro
    assert (first["key"], first["estimated_records"]) == (["id"], 1234)
    assert second["schema"] is None


@pytest.mark.parametrize("command", ["discover", "backfill"])
def test_a_source_that_is_not_there_is_named_with_those_that_are(command: str, config: Path, router: Router) -> None:
    status, _, told = router(command, config, "order")

    assert status == 2
    assert "no source 'order'" in told
    assert "Sources that fetch: orders." in told
