"""A pipeline with a sink and a source that have dead letters, and the command line on it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.cli.app import run
from router.testing import ScriptedSink
from tests.integration.pipeline import Lab, running, until

Router = Callable[..., tuple[int, str, str]]


def write_pipeline(made: Lab, path: Path, **sink_settings: Any) -> Path:
    """The file of a pipeline whose sink `sink` has the lab's dead letters; a sink `other` reads the same topic."""
    scopes = {"topics": [made.topic], "secrets": ["${env:SIGNING}"], "hosts": ["127.0.0.1:1"]}
    config = {"url": "http://127.0.0.1:1/", "signing_secret": "${env:SIGNING}"}
    sink: dict[str, Any] = {"connector": "http", "topics": [made.topic], "scopes": scopes, "config": config}
    sink["delivery"] = {"group": made.group} | sink_settings.pop("delivery", {})
    source = {
        "connector": "http_poll",
        "scopes": {"topics": ["rows.v1"], "secrets": [], "hosts": ["127.0.0.1:1"]},
        "config": {"base_url": "http://127.0.0.1:1", "streams": {"rows": {"path": "/rows", "id": "id"}}},
        "schedule": {"interval_seconds": 3600},
        "routes": [{"topic": "rows.v1"}],
    }
    pipeline = {
        "name": made.prefix,
        "kafka": {"bootstrap_servers": made.endpoints.bootstrap_servers, "registry_url": made.endpoints.registry_url},
        "sources": {"api": source},
        "sinks": {"sink": sink | sink_settings},
    }
    path.write_text(json.dumps(pipeline))
    return path


def commands(capsys: pytest.CaptureFixture[str]) -> Router:
    """Runs a command, in a thread since it has a loop of its own; it returns status, stdout and stderr."""

    def command(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return command


async def refuse(made: Lab, sink: ScriptedSink, count: int) -> None:
    """Dead-letter the events e0, e1 …"""
    sink._poison.update(f"e{number}" for number in range(count))
    await made.publish(range(count))
    async with running(made.agent(sink)) as task:
        await until(lambda: len(made.watch.dead) == count, task)
