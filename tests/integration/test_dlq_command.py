"""`router dlq` from the command line, on a real dead-letter topic."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from router.api import ConnectorError, Reason, Record
from router.cli.app import run
from router.config.names import dead_letter_topic, replay_topic
from router.dev.endpoints import Endpoints
from router.fetching.letter import Letters
from router.kafka.topics import TopicSpec
from router.testing import ScriptedSink
from tests.integration.pipeline import Lab, lab, running, until

Router = Callable[..., tuple[int, str, str]]


@pytest.fixture
async def made(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Lab]:
    async with lab(endpoints, unique()) as one:
        yield one


@pytest.fixture
def config(made: Lab, tmp_path: Path) -> Path:
    """A pipeline whose sink `sink` has the lab's dead letters."""
    sink = {
        "connector": "http",
        "topics": [made.topic],
        "scopes": {"topics": [made.topic], "secrets": ["${env:SIGNING}"], "hosts": ["127.0.0.1:1"]},
        "config": {"url": "http://127.0.0.1:1/", "signing_secret": "${env:SIGNING}"},
    }
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
        "sinks": {"sink": sink},
    }
    path = tmp_path / "pipeline.yaml"
    path.write_text(json.dumps(pipeline))
    return path


@pytest.fixture
def router(capsys: pytest.CaptureFixture[str]) -> Router:
    """Runs the command, in a thread since it has an event loop of its own; returns status, stdout, stderr."""

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


async def test_letters_are_listed_shown_and_put_back_once(made: Lab, config: Path, router: Router) -> None:
    sink = ScriptedSink()
    await refuse(made, sink, 3)

    status, listed, _ = await asyncio.to_thread(router, "dlq", "list", config, "--output", "json")
    letters = json.loads(listed)
    _, shown, _ = await asyncio.to_thread(router, "dlq", "show", config, letters[0]["id"], "--output", "json")
    _, dry, _ = await asyncio.to_thread(router, "dlq", "replay", config, "--dry-run")
    replays = [await asyncio.to_thread(router, "dlq", "replay", config) for _ in range(2)]

    assert status == 0
    assert {letter["event_id"] for letter in letters} == {"e0", "e1", "e2"}
    assert {letter["reason"] for letter in letters} == {"TARGET_REJECTED"}
    assert made.message(int(letters[0]["event_id"][1:])).value == bytes.fromhex(json.loads(shown)["value_hex"])
    assert "3 would be put back" in dry
    assert [text.strip().splitlines()[-1] for _, text, _ in replays] == ["3 put back.", "0 put back."]


async def test_only_the_chosen_letters_are_put_back(made: Lab, config: Path, router: Router) -> None:
    sink = ScriptedSink()
    await refuse(made, sink, 9)

    _, by_key, _ = await asyncio.to_thread(router, "dlq", "replay", config, "--key", "k3")
    _, by_reason, _ = await asyncio.to_thread(router, "dlq", "replay", config, "--reason", "AVRO_MAGIC")
    _, too_old, _ = await asyncio.to_thread(router, "dlq", "replay", config, "--until", "2h")
    _, recent, _ = await asyncio.to_thread(router, "dlq", "list", config, "--since", "2h", "--output", "json")

    assert "1 put back" in by_key
    assert "0 put back" in by_reason
    assert "0 put back" in too_old
    assert len(json.loads(recent)) == 8


async def test_the_queues_of_sinks_and_sources_are_seen_at_a_glance(made: Lab, config: Path, router: Router) -> None:
    await refuse(made, ScriptedSink(), 3)
    letters = Letters(dead_letter_topic(made.prefix, "api"), "api", "/api", "1", 0)
    error = ConnectorError(Reason.PAYLOAD_MALFORMED, "as the test says")
    refused = [letters.letter(Record(f"r{n}", "row", b"{}"), "rows.v1", b"k", error) for n in range(2)]
    await made.topics.ensure({letters.topic: TopicSpec(1, 1, 1, None)})
    await made.producer.send(refused)

    _, queues, _ = await asyncio.to_thread(router, "dlq", "queues", config, "--output", "json")
    _, table, _ = await asyncio.to_thread(router, "dlq", "queues", config)
    _, listed, _ = await asyncio.to_thread(router, "dlq", "list", config, "--source", "api", "--output", "json")
    status, _, told = await asyncio.to_thread(router, "dlq", "replay", config, "--source", "api")

    assert [(queue["kind"], queue["name"], queue["open"], queue["reasons"]) for queue in json.loads(queues)] == [
        ("sink", "sink", 3, {"TARGET_REJECTED": 3}),
        ("source", "api", 2, {"PAYLOAD_MALFORMED": 2}),
    ]
    assert "source api" in table
    assert {letter["event_id"] for letter in json.loads(listed)} == {"r0", "r1"}
    assert (status, "router backfill" in told) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--sink", "other"), "other"),
        (("--reason", "NO_SUCH"), "NO_SUCH"),
        (("--since", "yesterday"), "yesterday"),
        (("--output", "xml"), "xml"),
    ],
)
async def test_a_mistake_ends_in_one_message_with_the_fix(
    config: Path, router: Router, arguments: tuple[str, ...], expected: str
) -> None:
    status, _, error = await asyncio.to_thread(router, "dlq", "list", config, *arguments)

    assert status == 2, error
    assert expected in error
    assert "USAGE" in error
    assert "fix" in error


def test_the_lab_has_the_names_that_the_command_looks_for() -> None:
    assert dead_letter_topic("p", "sink") == "p.sink.dlq"
    assert replay_topic("p", "sink") == "p.sink.replay"
