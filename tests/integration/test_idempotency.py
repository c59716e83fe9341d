"""One effect for each idempotency key: at one node, at several, after restarts and when partitions move."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import aiohttp
import pytest

from router.api import Event, Items, Reason, Record, Request
from router.config.models import IngressSettings
from router.dev.endpoints import Endpoints
from router.dlq.replay import open_letters, put_back
from router.dlq.selection import Filter
from router.ingress.seen import Once, SeenKeys
from router.ingress.server import Endpoint, IngressServer
from router.kafka.log import read_topic
from router.testing import PositionedScriptedSink, ScriptedSink
from tests.integration import receivers
from tests.integration.ingress_port import Observer, Sender
from tests.integration.pipeline import AGAIN, Lab, lab, running, until


@pytest.fixture
async def made(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Lab]:
    async with lab(endpoints, unique()) as one:
        yield one


def ids(events: list[Event]) -> Counter[str]:
    return Counter(event.id for event in events)


async def test_a_restarted_worker_does_not_deliver_again(made: Lab) -> None:
    first, second = ScriptedSink(), ScriptedSink()
    await made.publish(range(300))
    async with running(made.agent(first)) as task:
        await until(lambda: len(first.accepted) == 300, task)
    await made.publish(range(301))

    async with running(made.agent(second)) as task:
        await until(lambda: made.watch.duplicates == 300 and len(second.accepted) == 1, task)

    assert ids(second.accepted) == Counter(["e300"])


async def test_a_worker_that_gets_partitions_knows_what_was_delivered_from_them(made: Lab) -> None:
    first, second = ScriptedSink(), ScriptedSink()
    await made.publish(range(300), keys=97)
    async with running(made.agent(first)) as one:
        await until(lambda: len(first.accepted) == 300, one)
        async with running(made.agent(second)) as two:
            fresh = 1_000
            while not second.accepted:
                await made.publish([fresh], keys=97)
                fresh += 1
                await asyncio.sleep(0.05)
            await made.publish(range(300), keys=97)
            await until(lambda: made.watch.duplicates >= 300, two)

    assert set((ids(first.accepted) + ids(second.accepted)).values()) == {1}


async def test_a_killed_workers_keys_are_in_the_topic_before_its_offsets(made: Lab) -> None:
    first, second = ScriptedSink(), ScriptedSink()
    await made.publish(range(500))
    agent = made.agent(first)
    task = asyncio.create_task(agent.run())
    await until(lambda: len(first.accepted) == 500, task)
    kept = 0
    while kept < 500:
        records = await asyncio.to_thread(lambda: list(read_topic(made.endpoints.bootstrap_servers, made.keys)))
        kept = sum(len(record.value or b"") // 24 for record in records)
    task.cancel()
    await asyncio.wait({task})
    await made.publish(range(500))

    async with running(made.agent(second)) as other:
        await until(lambda: made.watch.duplicates >= 500, other)

    assert second.accepted == []


@pytest.mark.parametrize("kind", [ScriptedSink, PositionedScriptedSink])
async def test_a_key_with_another_body_is_a_dead_letter(made: Lab, kind: type[ScriptedSink]) -> None:
    sink = kind()
    messages = [made.message(1), made.message(2), made.message(1, data=b"another"), made.message(2)]
    await made.producer.send([message._replace(partition=0) for message in messages])

    async with running(made.agent(sink)) as task:
        await until(lambda: len(sink.accepted) + made.watch.duplicates + len(made.watch.dead) == 4, task)

    (letter,) = open_letters(made.endpoints.bootstrap_servers, made.dead_letters, Filter())
    assert (letter.event_id, letter.reason) == ("e1", "KEY_REUSED")
    assert (made.watch.dead, made.watch.duplicates) == ([Reason.KEY_REUSED], 1)
    assert [event.data for event in sink.accepted] == [b"1", b"2"]


async def test_events_with_one_key_in_two_lanes_are_delivered_once(made: Lab) -> None:
    sink = ScriptedSink()
    messages = [made.message(1)._replace(partition=0, key=b"k%d" % number) for number in range(50)]
    await made.producer.send(messages)

    async with running(made.agent(sink, lanes=16, batch=1)) as task:
        await until(lambda: len(sink.accepted) + made.watch.duplicates == 50, task)

    assert ids(sink.accepted) == Counter(["e1"])


async def test_the_key_of_a_dead_letter_was_not_delivered(made: Lab) -> None:
    sink = ScriptedSink(poison=["e1"])
    servers = made.endpoints.bootstrap_servers
    await made.publish([1, 2])
    async with running(made.agent(sink)) as task:
        await until(lambda: len(sink.accepted) + len(made.watch.dead) == 2, task)
        sink._poison.clear()

        await asyncio.to_thread(put_back, servers, made.dead_letters, made.replay, Filter(), AGAIN)
        await until(lambda: len(sink.accepted) == 2, task)
        await made.publish([1])
        await until(lambda: made.watch.duplicates == 1, task)

    assert ids(sink.accepted) == Counter(["e1", "e2"])


async def test_two_nodes_accept_one_event_and_one_delivery_is_made(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    name = unique()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with (
        receivers.server() as target,
        receivers.pipeline(endpoints, name, tmp_path / "a", target.url, {}) as one,
        receivers.pipeline(endpoints, name, tmp_path / "b", target.url, {}) as two,
    ):
        statuses = [(await node.send("msg_1"))[0] for node in (one, two, one, two)]
        repeated = [(await node.send("msg_1", body=b'{"type":"x"}'))[0] for node in (one, two)]
        elsewhere = [(await one.send("msg_2"))[0], (await two.send("msg_2", body=b'{"type":"x"}'))[0]]
        await two.send("msg_3")
        await receivers.until(lambda: len(target.requests) >= 3)
        dead = 0.0
        while dead < 1:
            dead = await one.metric("con_dead_lettered_total") + await two.metric("con_dead_lettered_total")
        await two.stop()
        await one.stop()

    letters = open_letters(endpoints.bootstrap_servers, f"{name}.out.dlq", Filter())
    delivered = Counter(headers["webhook-id"] for _, headers, _ in target.requests)
    assert statuses == [202] * 4
    assert repeated == [409] * 2
    assert elsewhere == [202] * 2
    assert [letter.reason for letter in letters] == ["KEY_REUSED"]
    assert set(delivered.values()) == {1}
    assert len(delivered) == 3


async def test_concurrent_requests_with_one_id_write_one_record(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    name = unique()
    async with receivers.server() as target, receivers.pipeline(endpoints, name, tmp_path, target.url, {}) as node:
        answers = await asyncio.gather(*(node.send("msg_1") for _ in range(200)))
        await receivers.until(lambda: target.requests)
        repeated = await node.metric("con_source_deduplicated_total")
        await node.stop()

    written = [record for record in read_topic(endpoints.bootstrap_servers, f"{name}.v1") if record.value]
    assert Counter(status for status, _ in answers) == {202: 200}
    assert (len(written), repeated) == (1, 199)


async def test_a_batchs_item_with_a_used_key_is_a_conflict_and_the_others_are_accepted() -> None:
    published: list[str] = []

    class Batches:
        def receive(self, request: Request) -> Items:
            return Items([Record(id=one, type="t", data=request.body) for one in request.body.decode().split(",")])

    async def publish(records: Sequence[Record], _traceparent: str) -> None:
        published.extend(record.id for record in records)

    sender = Sender()
    once = Once("hooks", None, SeenKeys(), publish, lambda _count: None)
    settings = IngressSettings(port=receivers.free_port())
    server = IngressServer(settings, [Endpoint("hooks", "/hooks", Batches(), once.publish)], Observer(sender))
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            answers = []
            for body in (b"a,b", b"c,a,d", b"a,b"):
                async with session.post(f"http://127.0.0.1:{settings.port}/hooks", data=body) as answer:
                    answers.append([item["status"] for item in (await answer.json())["items"]])
    finally:
        await server.stop()

    assert answers == [[202, 202], [202, 409, 202], [202, 202]]
    assert published == ["a", "b", "c", "d"]
    assert sender.refused == [("hooks", Reason.KEY_REUSED)]
