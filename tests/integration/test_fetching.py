"""Sources that fetch: what they emit is on the topic once and in order, whatever is killed."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Producer

from router.api import Checkpoint, ConnectorError, Emit, Position, Reason, Record, Schema, Window
from router.api import reasons as names
from router.delivery.dead_letter import header_values
from router.dev.endpoints import Endpoints
from router.dev.stack import Ports, Stack
from router.fetching.alter import alter_checkpoints
from router.fetching.backfill import Backfill
from router.fetching.checkpoints import Scope
from router.fetching.states import State
from router.kafka import transaction
from router.kafka.clients import transactional_producer
from router.kafka.transaction import Transactions
from router.testing import Emits, ScriptedSource
from tests.integration.fetching import SOURCE, Bench, Command, Watch, bench, configuration, in_order, running
from tests.integration.numbers import NUMBERS, SCHEMA, Numbers, NumbersConfig, record
from tests.integration.pipeline import until

KILLS = 10
OUTAGES = 3


@pytest.fixture
async def made(endpoints: Endpoints, unique: Callable[[], str]) -> AsyncIterator[Bench]:
    async with bench(endpoints, unique()) as one:
        yield one


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Starts `router …`, with a log of the given name; nothing is left of it after the test."""
    started: list[Command] = []

    def start(log: str, *arguments: str) -> Command:
        started.append(Command(tmp_path / log, *arguments))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def numbers(first: int, end: int) -> Emits:
    return Emits([record(number) for number in range(first, end)], Checkpoint("numbers", {"next": end}))


async def test_every_number_is_there_once_and_in_order_after_ten_kills(
    made: Bench, tmp_path: Path, choose_ports: Callable[[], Ports], command: Callable[..., Command]
) -> None:
    file = configuration(made, tmp_path, {"batch": 7}, choose_ports().kafka)
    seen = 0
    for kill in range(KILLS):
        worker = command("worker.log", "worker", str(file))
        # Every third is killed while it starts, which leaves the next one nothing but a claim, or not even that.
        if kill % 3 == 2:
            await asyncio.sleep(random.uniform(0.5, 2.0))  # noqa: S311  not cryptography
        else:
            seen = await grown(made, seen, worker)
        worker.kill()
    seen = len(await made.committed())
    worker = command("worker.log", "worker", str(file))
    await grown(made, seen, worker)
    status = await asyncio.to_thread(worker.terminate)

    found = await made.numbers()
    assert status == 0, worker.output
    assert in_order(found)
    assert await made.checkpoints() == {"numbers": {"next": len(found)}}


async def grown(made: Bench, seen: int, worker: Command) -> int:
    """Wait until there is more on the topic than has been seen, and return how much."""
    while (count := len(await made.committed())) <= seen:
        assert not worker.has_ended, worker.output
    return count


async def test_nothing_is_doubled_or_lost_when_commits_end_in_the_unknown(
    made: Bench, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "_COMMIT_SECONDS", 0.3)
    broker = stack.component("kafka")
    watch = Watch()
    task = made.task(Numbers(NumbersConfig(batch=3)), watch)

    async with running(task) as (run,):
        for outage in range(1, OUTAGES + 1):
            await committed(watch, 20, run)
            await asyncio.to_thread(broker.kill)
            await until(partial(lost_track, watch, outage), run)
            await asyncio.to_thread(broker.start)
        await committed(watch, 20, run)

    found = await made.numbers()
    assert in_order(found)
    assert await made.checkpoints() == {"numbers": {"next": len(found)}}


async def committed(watch: Watch, more: int, run: asyncio.Task[None]) -> None:
    """Wait for so many more transactions."""
    wanted = len(watch.emissions) + more
    await until(lambda: len(watch.emissions) >= wanted, run)


def lost_track(watch: Watch, times: int) -> bool:
    return watch.failures.count(Reason.TRANSACTION_OUTCOME_UNKNOWN) >= times


async def test_a_worker_stops_in_good_order_while_the_brokers_are_away(
    made: Bench, stack: Stack, tmp_path: Path, choose_ports: Callable[[], Ports], command: Callable[..., Command]
) -> None:
    worker = command("worker.log", "worker", str(configuration(made, tmp_path, {}, choose_ports().kafka)))
    await grown(made, 0, worker)
    broker = stack.component("kafka")
    await asyncio.to_thread(broker.kill)
    try:
        status = await asyncio.to_thread(worker.terminate)
    finally:
        await asyncio.to_thread(broker.start)

    assert status == 0, worker.output


async def test_a_zombies_open_transaction_is_fenced_and_never_seen(made: Bench) -> None:
    identity = made.settings().transactional_id
    zombie = Producer(transactional_producer(made.servers, "zombie", identity))
    await asyncio.to_thread(zombie.init_transactions, 20)
    zombie.begin_transaction()
    zombie.produce(made.topic, b"of the dead")
    await asyncio.to_thread(zombie.flush, 20)
    watch = Watch()

    async with running(made.task(ScriptedSource([numbers(0, 5)]), watch)) as (run,):
        await until(lambda: len(watch.emissions) == 1, run)
        with pytest.raises(KafkaException, match="_FENCED"):
            await asyncio.to_thread(zombie.commit_transaction, 20)

    assert await made.numbers() == [0, 1, 2, 3, 4]


async def test_a_task_that_another_process_has_taken_over_stops_and_stays_stopped(made: Bench) -> None:
    config = NumbersConfig(batch=2, pause_seconds=0.01)
    old, new = Watch(), Watch()
    first, second = made.task(Numbers(config), old), made.task(Numbers(config), new)

    async with running(first) as (run,):
        await until(lambda: len(old.emissions) > 3, run)
        async with running(second) as (other,):
            await until(run.done)
            after = len(new.emissions)
            await until(lambda: len(new.emissions) > after + 3, other)

    assert first.error is not None
    assert (first.state, first.error.reason) == (State.FAILED, Reason.PRODUCER_FENCED)
    assert (second.state, new.failures) == (State.STOPPED, [])
    assert in_order(await made.numbers())


async def test_a_task_that_was_fenced_without_a_new_owner_goes_on(made: Bench) -> None:
    """As a broker does to a producer that was away for longer than its transaction may take."""
    watch = Watch()
    task = made.task(Numbers(NumbersConfig(batch=2, pause_seconds=0.01)), watch)

    async with running(task) as (run,):
        await until(lambda: len(watch.emissions) > 3, run)
        await asyncio.to_thread(Transactions, made.servers, made.settings().transactional_id)
        await until(lambda: Reason.PRODUCER_FENCED in watch.failures, run)
        after = len(watch.emissions)
        await until(lambda: len(watch.emissions) > after + 3, run)

    assert task.state is State.STOPPED
    assert in_order(await made.numbers())


async def test_a_checkpoint_behind_somebody_elses_open_transaction_is_waited_for(made: Bench) -> None:
    other = Producer(transactional_producer(made.servers, "other", f"{made.pipeline}-other"))
    await asyncio.to_thread(other.init_transactions, 20)
    other.begin_transaction()
    other.produce(made.store.topic, b"{}", b'["other","stream"]')
    await asyncio.to_thread(other.flush, 20)
    owner = Transactions(made.servers, made.settings().transactional_id)
    moved = made.store.message(Scope(SOURCE), "numbers", {"next": 5})
    await asyncio.to_thread(owner.publish, [moved])

    reading = asyncio.create_task(made.checkpoints())
    done, _ = await asyncio.wait({reading}, timeout=1)
    await asyncio.to_thread(other.commit_transaction, 20)

    assert not done
    assert await reading == {"numbers": {"next": 5}}


async def test_a_record_that_cannot_be_encoded_is_a_dead_letter_of_the_same_transaction(made: Bench) -> None:
    poison = Record(id="1", type="number", subject="all", data={"number": "one"}, schema=SCHEMA)
    noise = Record(id="2", type="noise", data=None, schema=SCHEMA)
    watch = Watch()
    step = Emits([record(0), poison, noise, record(3)], Checkpoint("numbers", {"next": 4}))

    async with running(made.task(ScriptedSource([step]), watch)) as (run,):
        await until(lambda: len(watch.emissions) == 1, run)

    (letter,) = await made.committed(made.dead_letters)
    headers = header_values(letter.headers)
    assert await made.numbers() == [0, 3]
    assert json.loads(letter.value or b"")["data"] == {"number": "one"}
    assert (headers[names.HEADER_CLASS], headers[names.HEADER_REASON]) == ("CONTRACT", "ENCODE_FAILED")
    assert (headers[names.CONNECT_STAGE], headers["ce_id"], headers[names.HEADER_TOPIC]) == ("encode", "1", made.topic)
    (emission,) = watch.emissions
    assert (dict(emission.published), emission.filtered, emission.dead) == (
        {made.topic: 2},
        1,
        (Reason.ENCODE_FAILED,),
    )


async def test_records_of_a_schema_that_is_refused_are_dead_letters(made: Bench) -> None:
    endless = Schema({"type": "record", "name": "Number", "fields": [{"name": "number", "type": "Number"}]})
    refused = [Record(id=f"r{n}", type="number", data={}, schema=endless, subject="all") for n in range(3)]
    watch = Watch()

    async with running(made.task(ScriptedSource([numbers(0, 2), Emits(refused), numbers(2, 4)]), watch)) as (run,):
        await until(lambda: len(watch.emissions) == 3, run)

    assert watch.emissions[1].dead == (Reason.SCHEMA_REJECTED,) * 3
    assert await made.numbers() == [0, 1, 2, 3]
    assert len(await made.committed(made.dead_letters)) == 3


async def test_every_run_begins_at_the_last_checkpoint_whatever_ended_the_one_before(made: Bench) -> None:
    away = ConnectorError(Reason.TARGET_UNREACHABLE, "away")
    source = ScriptedSource([numbers(0, 2), None, numbers(2, 4), away, numbers(4, 6), RuntimeError("a bug")])
    watch = Watch()
    task = made.task(source, watch)

    async with running(task) as (run,):
        await until(lambda: len(source.runs) == 4, run)

    assert [dict(given).get("numbers") for given in source.runs] == [None, {"next": 2}, {"next": 4}, {"next": 6}]
    assert watch.failures == [Reason.TARGET_UNREACHABLE, Reason.INTERNAL_BUG]
    assert watch.states == [State.RUNNING, State.FAILED, State.RESTARTING, State.RUNNING, State.STOPPED]
    assert in_order(await made.numbers())


async def test_a_paused_task_goes_on_where_it_was(made: Bench) -> None:
    watch = Watch()
    task = made.task(Numbers(NumbersConfig(batch=2)), watch)

    async with running(task) as (run,):
        await until(lambda: len(watch.emissions) > 3, run)
        task.pause()
        await until(lambda: task.state is State.PAUSED, run)
        paused = await made.numbers()
        task.resume()
        await until(lambda: task.state is State.RUNNING, run)
        before = len(watch.emissions)
        await until(lambda: len(watch.emissions) > before + 3, run)

    found = await made.numbers()
    assert len(found) > len(paused)
    assert in_order(found)
    assert watch.failures == []


async def test_a_restart_ends_the_wait_after_a_failure(made: Bench) -> None:
    bugs = [RuntimeError("a bug")] * 6
    source = ScriptedSource(bugs)
    watch = Watch()
    task = made.task(source, watch)

    async with running(task) as (run,):
        for bug in range(len(bugs)):
            await until(lambda count=bug: len(watch.failures) > count, run)  # type: ignore[misc]  # bound
            task.restart()
        await until(lambda: len(source.runs) == len(bugs) + 1, run)

    assert task.state is State.STOPPED


async def test_checkpoints_altered_by_hand_are_where_the_source_goes_on(made: Bench) -> None:
    first = made.task(ScriptedSource([numbers(0, 5)]), watch := Watch())
    async with running(first) as (run,):
        await until(lambda: len(watch.emissions) == 1, run)
    await alter_checkpoints(made.settings(), {"numbers": {"next": 2}, "other": {"next": 1}})
    source = ScriptedSource()

    async with running(made.task(source, Watch())) as (run,):
        await until(lambda: len(source.runs) == 1, run)

    assert source.runs == [{"numbers": {"next": 2}, "other": {"next": 1}}]


async def test_an_emit_after_one_that_failed_publishes_nothing(made: Bench) -> None:
    class Stubborn(ScriptedSource):
        """Goes on as if nothing had happened."""

        async def run(self, emit: Emit, checkpoints: Mapping[str, Position]) -> None:
            self.runs.append(checkpoints)
            if len(self.runs) == 1:
                wide = Record(id="w", type="number", subject="all", data=b"")
                await asyncio.gather(
                    emit([record(0)], checkpoint=Checkpoint("numbers", {"next": 1})),
                    emit([wide, Broken("b", "number", b"")], checkpoint=Checkpoint("numbers", {"next": 2})),
                    emit([record(2)], checkpoint=Checkpoint("numbers", {"next": 3})),
                    return_exceptions=True,
                )
            await asyncio.Event().wait()

    source, watch = Stubborn(), Watch()

    async with running(made.task(source, watch)) as (run,):
        await until(lambda: len(source.runs) == 2, run)

    assert source.runs[1] == {"numbers": {"next": 1}}
    assert await made.numbers() == [0]


class Broken(Record):
    """A record that no code foresaw."""

    @property
    def subject(self) -> str:
        raise KeyError(self.id)


async def test_a_killed_backfill_goes_on_and_leaves_the_running_checkpoint(
    made: Bench, tmp_path: Path, choose_ports: Callable[[], Ports], command: Callable[..., Command]
) -> None:
    file = configuration(made, tmp_path, {"batch": 5, "pause_seconds": 0.05}, choose_ports().kafka)
    await alter_checkpoints(made.settings(), {"numbers": {"next": 1000}})
    arguments = ("backfill", str(file), SOURCE, "--from", "0", "--to", "200")
    first = command("first.log", *arguments)
    await grown(made, 0, first)
    first.kill()
    killed_at = len(await made.committed())
    second = command("second.log", *arguments)
    status = await asyncio.to_thread(second.wait)

    assert killed_at < 200, "it was to be killed on its way"
    assert status == 0, second.output
    assert f"{200 - killed_at} records of numbers read again, going on" in second.output
    assert await made.numbers() == list(range(200))
    left = await made.store.read()
    assert dict(left.positions) == {(SOURCE, "numbers"): {"next": 1000}}


async def test_a_backfill_of_a_source_without_one_is_refused(
    made: Bench, tmp_path: Path, choose_ports: Callable[[], Ports], command: Callable[..., Command]
) -> None:
    file = configuration(made, tmp_path, {"forward_only": True}, choose_ports().kafka)

    refused = command("log", "backfill", str(file), SOURCE, "--to", "5")
    status = await asyncio.to_thread(refused.wait)

    assert status == 2
    assert "cannot read its past again" in refused.output


async def test_a_second_backfill_of_a_source_ends_the_first(made: Bench) -> None:
    def backfill(window: Window, watch: Watch) -> Backfill:
        config = NumbersConfig(batch=2, pause_seconds=0.01)
        return Backfill(made.settings(), NUMBERS, config, made.registry, window, watch.committed)

    old, new = Watch(), Watch()
    first = asyncio.create_task(backfill(Window("0", "100000"), old).run())
    await until(lambda: len(old.emissions) > 2, None)
    await backfill(Window("5", "15"), new).run()

    with pytest.raises(ConnectorError) as caught:
        await first
    assert caught.value.reason is Reason.PRODUCER_FENCED
    assert len(new.emissions) == 5
