"""What an engine is promised: nothing skipped, nothing seen that was aborted, an end when it is asked for."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from confluent_kafka import Producer

from router.api import ConnectorError
from router.delivery.dead_letter import header_values
from router.dev.endpoints import Endpoints
from router.dev.stack import Stack
from router.engine import EngineApp, EngineSettings, Envelope, subscribe
from router.engine.memory import Memory
from router.kafka.clients import transactional_producer
from router.kafka.consumer import Consumed
from router.kafka.groups import Groups
from router.kafka.log import read_topic
from router.kafka.producer import Message
from tests.integration.pipeline import Lab, lab, until
from tests.unit.envelope.examples import encoded, envelope

ROOT = Path(__file__).parents[2]


@dataclass
class Program:
    """An engine in a process of its own, and what it has written."""

    lab: Lab
    lines: Path
    slow: str = "none"
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, slow: str = "none") -> asyncio.subprocess.Process:
        endpoints = self.lab.endpoints
        arguments = (self.lab.prefix, endpoints.bootstrap_servers, endpoints.registry_url, self.lab.topic)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.integration.engine_program", *arguments, str(self.lines), slow), cwd=ROOT
        )
        self.processes.append(process)
        return process

    def wrote(self) -> list[str]:
        return self.lines.read_text().splitlines() if self.lines.exists() else []

    async def until_written(self, line: str) -> None:
        await until(lambda: line in self.wrote())

    def dead_letters(self) -> list[Consumed]:
        return list(read_topic(self.lab.endpoints.bootstrap_servers, f"{self.lab.prefix}.dlq"))

    async def committed(self) -> dict[tuple[str, int], int]:
        return await Groups(self.lab.endpoints.bootstrap_servers).committed(self.lab.prefix)


@asynccontextmanager
async def program(endpoints: Endpoints, prefix: str, path: Path) -> AsyncIterator[Program]:
    async with lab(endpoints, prefix) as made:
        engine = Program(made, path / "lines")
        try:
            yield engine
        finally:
            for process in engine.processes:
                if process.returncode is None:
                    process.kill()
                    await process.wait()


def message(made: Lab, number: int, data: bytes = b"good", event_type: str = "order.paid") -> Message:
    fields = envelope(id=f"e{number}", idempotency_key=f"i{number}", data=data, type=event_type)
    return Message(made.topic, b"k", encoded(made.encoder, fields), [("ce_type", event_type.encode())])


async def publish(made: Lab, numbers: Sequence[int], bad: Sequence[int] = ()) -> None:
    await made.producer.send([message(made, number, b"bad" if number in bad else b"good") for number in numbers])


async def test_what_a_handler_raises_on_is_dead_lettered_and_nothing_is_skipped(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with program(endpoints, unique(), tmp_path) as engine:
        await publish(engine.lab, range(1, 9), bad=[3, 5])
        await engine.start()
        await engine.until_written("handled e8")

        assert [line for line in engine.wrote() if line.startswith("handled")] == [
            f"handled e{number}" for number in (1, 2, 4, 6, 7, 8)
        ]
        letters = engine.dead_letters()
        assert [letter.value for letter in letters] == [message(engine.lab, n, b"bad").value for n in (3, 5)]
        assert [letter.key for letter in letters] == [b"k", b"k"]
        headers = header_values(letters[0].headers)
        assert headers["ce_type"] == "order.paid"
        assert headers["__connect.errors.topic"] == engine.lab.topic
        assert headers["__connect.errors.offset"] == "2"
        assert headers["__connect.errors.exception.message"] == "The handler raised ValueError."


async def test_a_killed_engine_gets_the_event_that_was_at_work_again(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with program(endpoints, unique(), tmp_path) as engine:
        await publish(engine.lab, range(1, 7))
        killed = await engine.start(slow="e4")
        await engine.until_written("begun e4")
        await until_committed(engine, 3)
        killed.kill()
        await killed.wait()

        await engine.start()
        await engine.until_written("handled e6")

        handled = [line for line in engine.wrote() if line.startswith("handled")]
        assert handled == [f"handled e{number}" for number in range(1, 7)]
        assert engine.wrote().count("begun e4") == 2


async def test_an_engine_ends_within_seconds_of_sigterm_and_does_not_acknowledge_what_is_at_work(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with program(endpoints, unique(), tmp_path) as engine:
        await publish(engine.lab, range(1, 5))
        stopped = await engine.start(slow="e3")
        await engine.until_written("begun e3")

        stopped.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            status = await stopped.wait()

        assert status == 0
        assert sum((await engine.committed()).values()) == 2
        await engine.start()
        await engine.until_written("handled e4")
        assert engine.wrote().count("handled e3") == 1


async def test_an_event_that_faust_drops_from_its_queue_comes_again(
    endpoints: Endpoints, unique: Callable[[], str]
) -> None:
    """As it does when a rebalance comes between handing an event over and its turn."""
    async with lab(endpoints, unique()) as made:
        engine = EngineApp(EngineSettings(made.prefix, endpoints.bootstrap_servers, endpoints.registry_url))
        stop, handled = asyncio.Event(), []

        @engine.on(made.topic)
        async def handle(event: Envelope) -> None:
            handled.append(event.id)
            if event.id == "e2":
                await asyncio.sleep(1)  # until the others wait in the queue
                assert engine._app is not None
                engine._app.flow_control.clear()
            if event.id == "e4":
                stop.set()

        await publish(made, range(1, 5))
        async with asyncio.timeout(60):
            await engine.run(stop)

        assert handled == ["e1", "e2", "e3", "e4"]


async def test_what_a_transaction_aborted_is_never_seen(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with program(endpoints, unique(), tmp_path) as engine:
        await engine.start()
        await publish(engine.lab, [1])
        await engine.until_written("handled e1")
        write_transaction(engine.lab, [2, 3], commit=False)
        write_transaction(engine.lab, [4], commit=True)
        await publish(engine.lab, [5])
        await engine.until_written("handled e5")

        assert [line for line in engine.wrote() if line.startswith("handled")] == [
            "handled e1",
            "handled e4",
            "handled e5",
        ]


async def test_a_copy_is_not_handled_again_also_not_by_the_next_process(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with program(endpoints, unique(), tmp_path) as engine:
        first = await engine.start()
        await publish(engine.lab, [1, 1, 2])
        await engine.until_written("handled e2")
        first.terminate()
        await first.wait()

        await engine.start()
        await publish(engine.lab, [1, 2, 3])
        await engine.until_written("handled e3")

        assert engine.wrote().count("begun e1") == 1
        assert engine.wrote().count("begun e2") == 1


async def test_what_is_no_envelope_is_dead_lettered_and_other_types_are_left_out(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with program(endpoints, unique(), tmp_path) as engine:
        await engine.lab.producer.send(
            [
                Message(engine.lab.topic, b"k", b"no envelope", []),
                message(engine.lab, 1, event_type="order.refunded"),
                message(engine.lab, 2),
            ]
        )
        await engine.start()
        await engine.until_written("handled e2")

        assert engine.wrote() == ["begun e2", "handled e2"]
        assert [letter.value for letter in engine.dead_letters()] == [b"no envelope"]


async def test_a_loop_that_raises_leaves_its_event_to_the_next_one(
    endpoints: Endpoints, unique: Callable[[], str]
) -> None:
    async with lab(endpoints, unique()) as made:
        await publish(made, range(1, 5))

        with pytest.raises(LookupError):
            await collect(made, until_id="e4", raise_at="e3")
        again = await collect(made, until_id="e4")

        assert [event.id for event in again] == ["e3", "e4"]
        assert again[0].data == b"good"
        assert (again[0].topic, again[0].offset) == (made.topic, 2)


async def test_an_event_that_a_loop_refuses_is_dead_lettered_and_the_loop_goes_on(
    endpoints: Endpoints, unique: Callable[[], str]
) -> None:
    async with lab(endpoints, unique()) as made:
        await publish(made, [1, 1, 2, 3])

        seen = await collect(made, until_id="e3", refuse="e2")

        assert [event.id for event in seen] == ["e1", "e2", "e3"]
        letters = list(read_topic(endpoints.bootstrap_servers, f"{made.prefix}.dlq"))
        assert [letter.value for letter in letters] == [message(made, 2).value]
        assert sum((await Groups(endpoints.bootstrap_servers).committed(made.prefix)).values()) == 4


async def collect(made: Lab, until_id: str, raise_at: str = "", refuse: str = "") -> list[Envelope]:
    settings = EngineSettings(made.prefix, made.endpoints.bootstrap_servers, made.endpoints.registry_url)
    seen = []
    stop = asyncio.Event()
    async with subscribe(settings, made.topic, stop=stop) as events:
        async for event in events:
            if event.id == raise_at:
                raise LookupError
            seen.append(event)
            if event.id == refuse:
                await events.refuse(event, ValueError("not one of ours"))
            if event.id == until_id:
                stop.set()
    return seen


async def until_committed(engine: Program, offset: int) -> None:
    while sum((await engine.committed()).values()) < offset:  # noqa: ASYNC110  the broker has no event for it
        await asyncio.sleep(0.1)


def write_transaction(made: Lab, numbers: Sequence[int], *, commit: bool) -> None:
    producer = Producer(transactional_producer(made.endpoints.bootstrap_servers, made.prefix, made.prefix))
    producer.init_transactions(20)
    producer.begin_transaction()
    for number in numbers:
        one = message(made, number)
        producer.produce(one.topic, one.value, one.key, headers=one.headers)
    producer.flush(20)
    if commit:
        producer.commit_transaction(20)
    else:
        producer.abort_transaction(20)


async def test_processes_that_come_and_go_skip_nothing(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with program(endpoints, unique(), tmp_path) as engine:
        killed = await engine.start()
        await engine.lab.publish(range(100))
        await until(lambda: handled(engine) >= set(range(50)))
        await engine.start()
        await engine.lab.publish(range(100, 200))
        await until(lambda: handled(engine) >= set(range(120)))
        killed.kill()
        await killed.wait()
        await engine.lab.publish(range(200, 300))
        await until(lambda: handled(engine) == set(range(300)))

        assert engine.dead_letters() == []


async def test_an_engine_outlives_its_brokers(
    stack: Stack, endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    async with program(endpoints, unique(), tmp_path) as engine:
        process = await engine.start()
        await engine.lab.publish(range(10))
        await until(lambda: handled(engine) == set(range(10)))

        broker = stack.component("kafka")
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.start)
        await engine.lab.publish(range(10, 20))
        await until(lambda: handled(engine) == set(range(20)))

        assert process.returncode is None


def handled(engine: Program) -> set[int]:
    return {int(line.removeprefix("handled e")) for line in engine.wrote() if line.startswith("handled")}


async def test_a_fault_of_the_engine_itself_stops_it_and_acknowledges_nothing_more(
    endpoints: Endpoints, unique: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Memory.add

    def faulty(self: Memory, key: str, now: float) -> None:
        if key == "i2":
            raise LookupError
        add(self, key, now)

    monkeypatch.setattr(Memory, "add", faulty)
    async with lab(endpoints, unique()) as made:
        await publish(made, range(1, 6))
        engine = EngineApp(EngineSettings(made.prefix, endpoints.bootstrap_servers, endpoints.registry_url))
        seen = []

        @engine.on(made.topic)
        async def handle(event: Envelope) -> None:
            seen.append(event.id)

        with pytest.raises(ConnectorError, match="Unforeseen LookupError"):
            await engine.run(asyncio.Event())

        assert seen == ["e1", "e2"]
        assert sum((await Groups(endpoints.bootstrap_servers).committed(made.prefix)).values()) == 1
