"""`router dlq` from the command line, on a real dead-letter topic."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from router.api import ConnectorError, Reason, Record
from router.config.names import dead_letter_topic, replay_topic
from router.dev.endpoints import Endpoints
from router.fetching.letter import Letters
from router.kafka.log import read_topic
from router.kafka.topics import TopicSpec
from router.rest.audit import read_audit
from router.testing import ScriptedSink
from tests.integration.dead_letters import Router, commands, refuse, write_pipeline
from tests.integration.pipeline import Lab, lab, running, until


@pytest.fixture
async def made(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Lab]:
    async with lab(endpoints, unique()) as one:
        yield one


@pytest.fixture
def config(made: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return write_pipeline(made, tmp_path / "pipeline.yaml")


@pytest.fixture
def router(capsys: pytest.CaptureFixture[str]) -> Router:
    return commands(capsys)


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
    assert [(queue["last_hour"], queue["parked"]) for queue in json.loads(queues)] == [(3, 0), (2, 0)]


async def test_letters_are_grouped_by_what_they_have_in_common(made: Lab, config: Path, router: Router) -> None:
    await refuse(made, ScriptedSink(), 4)

    _, by_message, _ = await asyncio.to_thread(router, "dlq", "groups", config, "--output", "json")
    _, by_class, _ = await asyncio.to_thread(router, "dlq", "groups", config, "--by", "class", "--key", "k1")
    status, _, told = await asyncio.to_thread(router, "dlq", "groups", config, "--by", "colour")

    (group,) = json.loads(by_message)
    assert (group["open"], group["recent"], group["parked"]) == (4, 4, 0)
    assert "INPUT_INVALID" in by_class
    assert (status, "colour" in told, "stage" in told) == (2, True, True)


async def test_a_letter_is_shown_with_its_content_its_history_and_the_others_of_its_key(
    made: Lab, config: Path, router: Router
) -> None:
    sink = ScriptedSink()
    await refuse(made, sink, 8)
    _, listed, _ = await asyncio.to_thread(router, "dlq", "list", config, "--event", "e7", "--output", "json")
    (first,) = json.loads(listed)
    await asyncio.to_thread(router, "dlq", "replay", config, "--id", first["id"], "--why", "to see it fail again")
    async with running(made.agent(sink)) as task:
        await until(lambda: len(made.watch.dead) == 9, task)

    _, listed, _ = await asyncio.to_thread(router, "dlq", "list", config, "--event", "e7", "--output", "json")
    (second,) = json.loads(listed)
    _, shown, _ = await asyncio.to_thread(router, "dlq", "show", config, second["id"], "--output", "json")
    _, table, _ = await asyncio.to_thread(router, "dlq", "show", config, second["id"])
    status, _, told = await asyncio.to_thread(router, "dlq", "show", config, "0:4711")

    letter = json.loads(shown)
    assert [(one["id"], one["attempt"], one["outcome"]) for one in letter["history"]] == [
        (first["id"], 1, "put_back"),
        (second["id"], 2, None),
    ]
    assert letter["history"][0]["outcome_why"] == "to see it fail again"
    assert [one["event_id"] for one in letter["same_key"]] == ["e0"]
    assert (letter["attributes"]["id"], letter["data"]) == ("e7", "7")
    assert "All its attempts" in table
    assert "Other open dead letters of its key" in table
    assert (status, "0:4711" in told) == (2, True)


async def test_what_is_given_up_is_no_longer_open_and_says_who_and_why(made: Lab, config: Path, router: Router) -> None:
    await refuse(made, ScriptedSink(), 3)
    ids = [
        one["id"] for one in json.loads((await asyncio.to_thread(router, "dlq", "list", config, "--output", "json"))[1])
    ]

    _, dry, _ = await asyncio.to_thread(router, "dlq", "discard", config, "--why", "tests", "--dry-run")
    _, told, _ = await asyncio.to_thread(router, "dlq", "discard", config, "--why", "test orders", "--id", ids[0])
    _, replayed, _ = await asyncio.to_thread(router, "dlq", "replay", config)
    _, shown, _ = await asyncio.to_thread(router, "dlq", "show", config, ids[0], "--output", "json")

    letter = json.loads(shown)
    assert "Nothing was done" in dry
    assert ("1 discarded" in told, "2 put back" in replayed) == (True, True)
    assert (letter["outcome"], letter["outcome_why"]) == ("discarded", "test orders")
    audit = await read_audit(made.endpoints.bootstrap_servers, made.prefix, 10)
    assert [(one["action"], one["connector"], one["outcome"]) for one in reversed(audit)] == [
        ("dlq discard", "sink", "begun"),
        ("dlq discard", "sink", "done"),
        ("dlq replay", "sink", "begun"),
        ("dlq replay", "sink", "done"),
    ]


async def test_letters_survive_the_journey_through_a_file(
    made: Lab, config: Path, router: Router, tmp_path: Path
) -> None:
    await refuse(made, ScriptedSink(), 3)
    file = tmp_path / "letters.jsonl"

    _, exported, _ = await asyncio.to_thread(router, "dlq", "export", config, file)
    again, _, refused = await asyncio.to_thread(router, "dlq", "export", config, file)
    await asyncio.to_thread(router, "dlq", "import", config, file)
    _, doubled, _ = await asyncio.to_thread(router, "dlq", "list", config, "--output", "json")
    await asyncio.to_thread(router, "dlq", "discard", config, "--why", "moved away")
    await asyncio.to_thread(router, "dlq", "import", config, file)
    _, back, _ = await asyncio.to_thread(router, "dlq", "list", config, "--output", "json")

    stored = [record for record in read_topic(made.endpoints.bootstrap_servers, made.dead_letters) if record.value]
    assert "3 exported" in exported
    assert (again, "cannot be written" in refused, file.stat().st_mode & 0o777) == (2, True, 0o600)
    assert len(json.loads(doubled)) == len(json.loads(back)) == 3
    assert Counter((one.key, one.value, str(one.headers)) for one in stored).most_common()[0][1] == 3


async def test_a_file_of_something_else_is_refused_with_the_line(config: Path, router: Router, tmp_path: Path) -> None:
    file = tmp_path / "letters.jsonl"
    file.write_text('{"key": null, "value": null, "headers": []}\n{"key": "???"}\n')

    status, _, told = await asyncio.to_thread(router, "dlq", "import", config, file)

    assert (status, "line 2" in told.replace("\n", " ")) == (2, True)


async def test_a_record_that_was_refused_too_often_is_parked(
    made: Lab, tmp_path: Path, config: Path, router: Router
) -> None:
    await refuse(made, ScriptedSink(), 2)
    parking = write_pipeline(made, tmp_path / "p.yaml", delivery={"dead_letters": {"park_after": 1}})

    _, queues, _ = await asyncio.to_thread(router, "dlq", "queues", parking, "--output", "json")
    _, listed, _ = await asyncio.to_thread(router, "dlq", "list", parking)
    counts = [
        (await asyncio.to_thread(router, "dlq", "replay", parking, *options))[1].split()[0]
        for options in ((), ("--parked",))
    ]

    assert json.loads(queues)[0]["parked"] == 2
    assert "parked" in listed
    assert counts == ["0", "2"]


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
