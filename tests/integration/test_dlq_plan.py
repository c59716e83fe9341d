"""`router dlq plan` and `apply`: what is said is what is done, once, or nothing."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from router.dev.endpoints import Endpoints
from router.dlq import replay
from router.kafka.log import read_topic
from router.kafka.transaction import Transactions
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


async def planned(router: Router, config: Path, *options: object) -> dict[str, Any]:
    status, out, err = await asyncio.to_thread(router, "dlq", "plan", config, "--output", "json", *options)
    assert status == 0, err
    told: dict[str, Any] = json.loads(out)
    return told


async def applied(router: Router, config: Path, plan: dict[str, Any], *options: object) -> tuple[int, str, str]:
    return await asyncio.to_thread(router, "dlq", "apply", config, plan["plan"], *options)


async def test_a_plan_is_done_once_and_what_came_since_is_left_alone(made: Lab, config: Path, router: Router) -> None:
    sink = ScriptedSink()
    await refuse(made, sink, 5)

    plan = await planned(router, config)
    again = await planned(router, config)
    sink._poison = {"e9"}
    await made.publish([9])
    async with running(made.agent(sink)) as task:
        await until(lambda: len(made.watch.dead) == 6, task)
        outcomes = [await applied(router, config, plan) for _ in range(2)]
        await until(lambda: len(sink.accepted) == 5, task)

    _, left, _ = await asyncio.to_thread(router, "dlq", "list", config, "--output", "json")
    assert (plan["letters"], plan["verdicts"]) == (5, {"offered": {"": 5}})
    assert plan["plan"] == again["plan"]
    assert [(status, out.strip()) for status, out, _ in outcomes] == [(0, "5 put back."), (0, "0 put back.")]
    assert Counter(event.id for event in sink.accepted) == Counter(f"e{number}" for number in range(5))
    assert [letter["event_id"] for letter in json.loads(left)] == ["e9"]


async def test_a_plan_is_refused_once_something_it_was_made_for_has_changed(
    made: Lab, config: Path, router: Router
) -> None:
    await refuse(made, ScriptedSink(), 4)
    plan, of_one = await planned(router, config), await planned(router, config, "--event", "e2")

    other = write_pipeline(made, config.parent / "other.yaml", tasks=2)
    configured = await applied(router, other, plan)
    await applied(router, config, of_one)
    resolved = await applied(router, config, plan)
    unknown = await applied(router, config, {"plan": "0123456789ab"})
    short = await applied(router, config, {"plan": "01"})

    _, left, _ = await asyncio.to_thread(router, "dlq", "list", config, "--output", "json")
    for status, out, err in (configured, resolved, unknown):
        assert (status, out) == (2, "")
        assert "PLAN_STALE" in err
    assert "configuration" in configured[2]
    assert "of its 4 letters 3" in " ".join(resolved[2].split())
    assert (short[0], "too short" in short[2]) == (2, True)
    assert len(json.loads(left)) == 3


async def test_an_apply_that_was_stopped_halfway_goes_on_where_it_was(
    made: Lab, config: Path, router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = ScriptedSink()
    await refuse(made, sink, 9)
    plan = await planned(router, config)
    publish, calls = Transactions.publish, Counter[str]()

    def publish_twice(self: Transactions, messages: Any) -> None:
        calls["all"] += 1
        if calls["all"] > 2:
            raise KeyboardInterrupt
        publish(self, messages)

    with monkeypatch.context() as patched:
        patched.setattr(replay, "BATCH", 2)
        patched.setattr(Transactions, "publish", publish_twice)
        stopped, _, _ = await applied(router, config, plan)
    status, told, _ = await applied(router, config, plan)

    sink._poison.clear()
    async with running(made.agent(sink)) as task:
        await until(lambda: len(sink.accepted) == 9, task)
    assert (stopped, status, told.strip()) == (130, 0, "5 put back.")
    assert Counter(event.id for event in sink.accepted) == Counter(f"e{number}" for number in range(9))


async def test_a_plan_says_what_would_fail_and_what_is_a_duplicate(made: Lab, config: Path, router: Router) -> None:
    sink = ScriptedSink(poison=["e3"])
    await made.producer.send([made.message(3)])
    async with running(made.agent(sink)) as task:
        await until(lambda: len(made.watch.dead) == 1, task)
        sink._poison.clear()
        broken = made.message(5)._replace(value=b"not avro")
        await made.producer.send([made.message(3), broken, made.message(1)])
        await until(lambda: len(sink.accepted) == 2 and len(made.watch.dead) == 2, task)

    plan = await planned(router, config, "--newer")
    _, table, _ = await asyncio.to_thread(router, "dlq", "plan", config)

    assert plan["verdicts"] == {"duplicate": {"": 1}, "fails": {"AVRO_MAGIC": 1}}
    assert plan["newer_events"] == 1
    assert "wire format" in plan["examples"]["AVRO_MAGIC"]
    assert ("duplicate" in table, "AVRO_MAGIC" in table, plan["plan"] in table) == (True, True, True)


async def test_only_what_an_expression_means_is_planned_and_put_back(made: Lab, config: Path, router: Router) -> None:
    sink = ScriptedSink()
    await refuse(made, sink, 6)
    sink._poison.clear()

    plan = await planned(router, config, "--where", "data > 3 || id == 'e0'")
    _, told, _ = await applied(router, config, plan)
    async with running(made.agent(sink)) as task:
        await until(lambda: len(sink.accepted) == 3, task)

    _, left, _ = await asyncio.to_thread(router, "dlq", "list", config, "--output", "json")
    status, _, wrong = await asyncio.to_thread(router, "dlq", "plan", config, "--where", "nothing == 1")
    assert plan["verdicts"] == {"offered": {"": 3}}
    assert told.strip() == "3 put back."
    assert {event.id for event in sink.accepted} == {"e0", "e4", "e5"}
    assert {letter["event_id"] for letter in json.loads(left)} == {"e1", "e2", "e3"}
    assert (status, "EXPRESSION_INVALID" in wrong) == (2, True)


async def test_a_field_is_mended_on_the_way_and_the_letter_keeps_what_it_was(
    made: Lab, config: Path, router: Router
) -> None:
    sink = ScriptedSink(poison=["e1", "e2"])
    bodies = [b'{"total": -1, "exact": 1.10, "big": 12345678901234567890, "in": {"a": 1}}', b"[]"]
    await made.producer.send([made.message(number, data=body) for number, body in enumerate(bodies, start=1)])
    async with running(made.agent(sink)) as task:
        await until(lambda: len(made.watch.dead) == 2, task)
    sink._poison.clear()
    edit = ("--set", "total=data.total * -1", "--set", "in.b=type + '!'")

    both = await planned(router, config, *edit)
    plan = await planned(router, config, *edit, "--event", "e1")
    await applied(router, config, plan)
    async with running(made.agent(sink)) as task:
        await until(lambda: len(sink.accepted) == 1, task)

    (event,) = sink.accepted
    letters = [record.value for record in read_topic(made.endpoints.bootstrap_servers, made.dead_letters)]
    assert both["verdicts"] == {"offered": {"": 1}, "fails": {"ENCODE_FAILED": 1}}
    assert event.data == (
        b'{"total":1,"exact":1.10,"big":12345678901234567890,"in":{"a":1,"b":"' + event.type.encode() + b'!"}}'
    )
    assert made.message(1, data=bodies[0]).value in letters


async def test_letters_go_to_the_topic_that_everybody_reads_as_if_they_were_new(
    made: Lab, config: Path, router: Router
) -> None:
    await refuse(made, ScriptedSink(), 2)

    plan = await planned(router, config, "--to-topic", made.topic)
    _, told, _ = await applied(router, config, plan)
    status, _, wrong = await asyncio.to_thread(router, "dlq", "plan", config, "--to-topic", "elsewhere.v1")

    records = [one for one in read_topic(made.endpoints.bootstrap_servers, made.topic) if one.value]
    assert told.strip() == "2 put back."
    assert Counter((one.key, one.value, str(one.headers)) for one in records).most_common()[0][1] == 2
    assert len(records) == 4
    assert (status, "elsewhere.v1" in wrong) == (2, True)


async def test_the_outcome_is_awaited_and_told(made: Lab, config: Path, router: Router) -> None:
    sink = ScriptedSink()
    await refuse(made, sink, 4)
    sink._poison = {"e2"}
    plan = await planned(router, config)

    async with running(made.agent(sink)):
        _, told, _ = await applied(router, config, plan, "--follow", "--rate", "100")

    assert "Refused since then: TARGET_REJECTED 1" in told


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--set", "total"), "no assignment"),
        (("--set", "=1"), "no assignment"),
        (("--set", "a==1"), "no assignment"),
        (("--to-topic", "t", "--to-sink", "s"), "Give one of them"),
        (("--to-sink", "nobody"), "nobody"),
        (("--source", "api"), "router backfill"),
    ],
)
async def test_a_plan_that_cannot_be_made_ends_in_one_message(
    made: Lab, config: Path, router: Router, options: tuple[str, ...], expected: str
) -> None:
    status, _, told = await asyncio.to_thread(router, "dlq", "plan", config, *options)

    assert (status, expected in " ".join(told.split())) == (2, True)
    assert "USAGE" in told
