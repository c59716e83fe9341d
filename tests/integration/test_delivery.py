"""The delivery core on a real broker and registry."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection

import pytest

from router.api import ConnectorError, Event, Reason
from router.delivery.agent import SinkAgent
from router.delivery.claims import KeyClaims
from router.dev.endpoints import Endpoints
from router.dlq.replay import open_letters, put_back
from router.dlq.selection import Filter
from router.kafka import consumer as consumer_module
from router.kafka.clients import CLASSIC_PROTOCOL
from router.kafka.consumer import Place
from router.kafka.log import read_topic
from router.kafka.producer import Message
from router.testing import PositionedScriptedSink, ScriptedSink
from tests.integration.kafka_topics import change, noise
from tests.integration.pipeline import AGAIN, Lab, crashing, lab, running, until


@pytest.fixture
async def made(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Lab]:
    async with lab(endpoints, unique()) as one:
        yield one


def in_order(events: list[Event]) -> bool:
    last: dict[bytes, int] = {}
    for event in events:
        if last.get(event.key, -1) >= event.version:
            return False
        last[event.key] = event.version
    return True


def ids(sink: ScriptedSink) -> Counter[str]:
    return Counter(event.id for event in sink.accepted)


@pytest.mark.parametrize("lanes", [1, 16])
async def test_every_event_is_delivered_once_in_order_per_key(made: Lab, lanes: int) -> None:
    sink = ScriptedSink()
    await made.publish(range(5_000))

    async with running(made.agent(sink, lanes=lanes, batch=100 if lanes == 1 else 1)) as task:
        await until(lambda: len(sink.accepted) >= 5_000, task)

    assert ids(sink) == Counter(f"e{number}" for number in range(5_000))
    assert in_order(sink.accepted)
    assert made.watch.held == 0


async def test_a_second_agent_goes_on_where_the_first_stopped(made: Lab) -> None:
    first, second = ScriptedSink(), ScriptedSink()
    await made.publish(range(500))
    async with running(made.agent(first)) as task:
        await until(lambda: len(first.accepted) == 500, task)
    await made.publish(range(500, 600))

    async with running(made.agent(second)) as task:
        await until(lambda: len(second.accepted) >= 100, task)

    assert ids(second) == Counter(f"e{number}" for number in range(500, 600))


async def test_what_arrives_before_a_partition_is_ready_is_delivered(
    made: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the partition's worker before has told the consumer to go on, and it is heard of only now."""
    sink = ScriptedSink()
    assigned, load = SinkAgent.assigned, KeyClaims.load

    async def resumed(agent: SinkAgent, places: Collection[Place]) -> None:
        await assigned(agent, places)
        agent._consumer.resume(places)

    async def slow(keys: KeyClaims) -> None:
        await asyncio.sleep(1)
        await load(keys)

    monkeypatch.setattr(SinkAgent, "assigned", resumed)
    monkeypatch.setattr(KeyClaims, "load", slow)
    await made.publish(range(500))

    async with running(made.agent(sink)) as task:
        await until(lambda: made.watch.held == 0 and len(sink.accepted) >= 500, task)

    assert ids(sink) == Counter(f"e{number}" for number in range(500))


async def test_a_topic_is_not_emptied_into_the_dead_letters_and_nothing_of_it_is_lost(made: Lab) -> None:
    poison = {f"e{number}" for number in range(400)}
    sink = ScriptedSink(poison=poison)
    await made.publish(range(400))

    async with running(made.agent(sink)) as task:
        await until(lambda: made.watch.failures.count(Reason.DLQ_FLOODED) >= 3, task)
        refused = len(made.watch.dead)
        sink._poison.clear()
        await until(lambda: len(sink.accepted) + len(made.watch.dead) >= 400 and made.watch.held == 0, task)

    assert 50 <= refused <= 55
    assert len(sink.accepted) + len(made.watch.dead) == 400
    assert ids(sink).total() == len(ids(sink)) == len(sink.accepted)


async def test_a_target_that_is_away_is_left_alone_and_found_again(made: Lab) -> None:
    sink = ScriptedSink([ConnectorError(Reason.TARGET_UNREACHABLE, "as the script says")] * 40)
    await made.publish(range(100), keys=100)

    async with running(made.agent(sink, lanes=8, batch=1)) as task:
        await until(lambda: len(sink.accepted) >= 100, task)

    assert ids(sink) == Counter(f"e{number}" for number in range(100))
    assert made.watch.targets_left_alone == 1


async def test_a_sink_gets_no_more_events_a_second_than_it_may(made: Lab) -> None:
    sink = ScriptedSink()
    await made.publish(range(300))

    async with running(made.agent(sink, batch=10, max_events_per_second=200)) as task:
        await until(lambda: len(sink.accepted) > 0, task)
        began = asyncio.get_running_loop().time()
        await until(lambda: len(sink.accepted) >= 300, task)
        seconds = asyncio.get_running_loop().time() - began

    # A second's worth passes at once, in each partition a batch more than there is left.
    assert seconds >= (300 - 200 - 4 * 10) / 200


async def test_partitions_move_to_a_second_member_without_loss_or_repetition(made: Lab) -> None:
    first, second = ScriptedSink(), ScriptedSink()
    total = 1_000

    async with running(made.agent(first)) as one:
        await made.publish(range(1_000), keys=97)
        await until(lambda: len(first.accepted) > 0, one)
        async with running(made.agent(second)) as two:
            for start in range(1_000, total, 100):
                await made.publish(range(start, start + 100), keys=97)
                await asyncio.sleep(0.15)
            await until(lambda: len(first.accepted) + len(second.accepted) >= total, two)

    assert ids(first) + ids(second) == Counter(f"e{number}" for number in range(total))


async def test_the_classic_protocol_delivers_as_well(made: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer_module, "CONSUMER_PROTOCOL", CLASSIC_PROTOCOL)
    sink = ScriptedSink()
    await made.publish(range(300))

    async with running(made.agent(sink)) as task:
        await until(lambda: len(sink.accepted) >= 300, task)

    assert ids(sink) == Counter(f"e{number}" for number in range(300))


async def test_a_sink_that_is_away_pauses_its_partitions_and_loses_nothing(made: Lab) -> None:
    away = [ConnectorError(Reason.TARGET_UNREACHABLE, "away")] * 60
    sink = ScriptedSink(away)
    await made.publish(range(3_000))

    async with running(made.agent(sink, buffered=200)) as task:
        await until(lambda: len(made.watch.failures) >= 12, task)
        held = made.watch.held
        await until(lambda: len(sink.accepted) >= 3_000, task)

    assert held <= 4 * (200 + 5_000)
    assert ids(sink) == Counter(f"e{number}" for number in range(3_000))
    assert made.watch.dead == []


async def test_a_positioned_sink_decides_where_to_go_on(made: Lab) -> None:
    await made.producer.send([made.message(number)._replace(partition=0) for number in range(50)])
    sink = PositionedScriptedSink(position=20)

    async with running(made.agent(sink)) as task:
        await until(lambda: sink.position == 50, task)

    assert ids(sink) == Counter(f"e{number}" for number in range(20, 50))


async def test_an_unknown_outcome_reads_the_position_again(made: Lab) -> None:
    await made.producer.send([made.message(number)._replace(partition=0) for number in range(50)])
    unknown = ConnectorError(Reason.SINK_OUTCOME_UNKNOWN, "gone during the commit")
    sink = PositionedScriptedSink([unknown, unknown], position=0)

    async with running(made.agent(sink)) as task:
        await until(lambda: sink.position == 50, task)

    assert ids(sink) == Counter(f"e{number}" for number in range(50))
    assert made.watch.failures == [Reason.SINK_OUTCOME_UNKNOWN] * 2


async def test_a_sink_without_a_position_is_offered_again_what_was_under_way_at_an_unknown_outcome(made: Lab) -> None:
    await made.producer.send([made.message(number)._replace(partition=0) for number in range(50)])
    sink = PositionedScriptedSink([ConnectorError(Reason.SINK_OUTCOME_UNKNOWN, "gone during the commit")])

    async with running(made.agent(sink)) as task:
        await until(lambda: sink.position == 50, task)

    assert ids(sink) == Counter(f"e{number}" for number in range(50))


async def test_an_unforeseen_error_stops_the_agent_and_acknowledges_nothing(made: Lab) -> None:
    sink = ScriptedSink([KeyError("unforeseen")])
    await made.publish(range(10), keys=1)

    async with crashing(made.agent(sink)) as task:
        with pytest.raises(KeyError):
            await asyncio.shield(task)

    assert made.watch.states[-1] == "failed"
    again = ScriptedSink()
    async with running(made.agent(again)) as task:
        await until(lambda: len(again.accepted) >= 10, task)


async def test_poison_is_dead_lettered_byte_exact_and_the_rest_is_delivered(made: Lab) -> None:
    good = made.message(0)
    value = good.value or b""
    poison = {
        "AVRO_MAGIC": b"not avro",
        "AVRO_DECODE": value[:-3],
        "AVRO_TRAILING": value + b"\0",
        "SCHEMA_UNKNOWN": b"\0\x7f\xff\xff\xff" + value[5:],
    }
    sink = ScriptedSink(poison=["e13"])
    await made.publish(range(100))
    await made.producer.send(
        [Message(made.topic, b"k1", body, [("ce_id", reason.encode())]) for reason, body in poison.items()]
    )
    await made.producer.send([Message(made.topic, b"k1", None, [("ce_id", b"tombstone")])])

    async with running(made.agent(sink)) as task:
        await until(lambda: len(sink.accepted) + len(made.watch.dead) >= 105, task)

    letters = open_letters(made.endpoints.bootstrap_servers, made.dead_letters, Filter())
    stored = read_topic(made.endpoints.bootstrap_servers, made.dead_letters)
    values = {(record.partition, record.offset): record.value for record in stored}
    found = {letter.event_id: (letter.reason, values[letter.place]) for letter in letters}
    assert found == {reason: (reason, body) for reason, body in poison.items()} | {
        "tombstone": ("AVRO_MAGIC", None),
        "e13": ("TARGET_REJECTED", made.message(13).value),
    }
    assert all(letter.topic == made.topic for letter in letters)
    assert ids(sink) == Counter(f"e{number}" for number in range(100) if number != 13)


async def test_replayed_letters_reach_the_sink_once_however_often_the_command_is_given(made: Lab) -> None:
    sink = ScriptedSink(poison=["e3", "e5"])
    servers = made.endpoints.bootstrap_servers
    await made.publish(range(10))
    async with running(made.agent(sink)) as task:
        await until(lambda: len(sink.accepted) + len(made.watch.dead) >= 10, task)
        sink._poison.clear()

        counts = [
            await asyncio.to_thread(put_back, servers, made.dead_letters, made.replay, Filter(), AGAIN)
            for _ in range(2)
        ]
        await until(lambda: len(sink.accepted) >= 10, task)

    assert counts == [2, 0]
    assert ids(sink) == Counter(f"e{number}" for number in range(10))
    assert open_letters(servers, made.dead_letters, Filter()) == []


async def test_a_record_too_large_for_the_dead_letters_is_named_there_and_holds_up_nothing(made: Lab) -> None:
    servers = made.endpoints.bootstrap_servers
    change(servers, made.dead_letters, "max.message.bytes", "4000")
    sink = ScriptedSink(poison=["e3"])
    large = made.message(3, data=noise(20_000))
    await made.producer.send([made.message(1), large, made.message(5)])

    async with running(made.agent(sink)) as task:
        await until(lambda: len(sink.accepted) + len(made.watch.dead) >= 3, task)

    (letter,) = open_letters(servers, made.dead_letters, Filter())
    with pytest.raises(ConnectorError) as refused:
        put_back(servers, made.dead_letters, made.replay, Filter(), AGAIN)
    assert ids(sink) == Counter(["e1", "e5"])
    assert (letter.event_id, letter.size, letter.missing_bytes) == ("e3", 0, len(large.value or b""))
    assert refused.value.reason is Reason.PAYLOAD_TOO_LARGE
    assert f"{made.topic}, partition {letter.partition}, offset {letter.offset}" in (refused.value.fix or "")


async def test_a_letter_that_fails_again_comes_back_with_its_first_place_and_one_attempt_more(made: Lab) -> None:
    sink = ScriptedSink(poison=["e3"])
    servers = made.endpoints.bootstrap_servers
    await made.publish(range(5))
    async with running(made.agent(sink)) as task:
        await until(lambda: len(made.watch.dead) == 1, task)
        (first,) = open_letters(servers, made.dead_letters, Filter())
        await asyncio.to_thread(put_back, servers, made.dead_letters, made.replay, Filter(), AGAIN)
        await until(lambda: len(made.watch.dead) == 2, task)

    (again,) = open_letters(servers, made.dead_letters, Filter())
    assert (again.topic, again.partition, again.offset) == (first.topic, first.partition, first.offset)
    assert (first.attempt, again.attempt) == (1, 2)


async def test_an_upstream_duplicate_is_not_delivered_again(made: Lab) -> None:
    sink = ScriptedSink()
    await made.publish([1, 2, 2, 1, 3])

    async with running(made.agent(sink)) as task:
        await until(lambda: len(sink.accepted) + made.watch.duplicates >= 5, task)

    assert ids(sink) == Counter(["e1", "e2", "e3"])
    assert made.watch.duplicates == 2
