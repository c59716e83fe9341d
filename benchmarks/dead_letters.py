"""`python -m benchmarks.dead_letters`: listing a million dead letters, and putting them back beside a bare copy."""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Offset

from benchmarks.ports import free_ports
from router.api import ConnectorError, Reason
from router.delivery.dead_letter import Refusal, dead_letter
from router.delivery.stage import Stage
from router.dev.stack import Ports, Stack
from router.dlq.following import open_index
from router.dlq.markers import Outcome, Resolution
from router.dlq.replay import Work, resolve
from router.dlq.selection import Filter
from router.kafka.clients import connection
from router.kafka.clients import producer as producer_settings
from router.kafka.log import topic_bounds
from router.kafka.producer import AsyncProducer, Headers, Message
from router.kafka.topics import Topics, TopicSpec

_LETTERS, _BACK, _COPY = "bench.sink.dlq", "bench.sink.replay", "bench.copy"
_PIECE = 5_000
_BODY = os.urandom(1_000)
_REASONS = tuple(Reason)[:10]
_LOOK = """
import sys, time
from pathlib import Path
started = time.perf_counter()
from router.dlq.following import open_index
from router.dlq.selection import Filter
with open_index(sys.argv[1], sys.argv[2], Path(sys.argv[3])) as index:
    letters, count, groups = index.letters(Filter(), 50), index.count(Filter()), index.groups(Filter(), "shape")
print(f"{count} letters in {len(groups)} groups, {len(letters)} listed: {time.perf_counter() - started:.2f} s")
"""


class _Origin:
    """A record that was refused."""

    def __init__(self, number: int) -> None:
        self.topic, self.partition, self.offset = "bench.v1", number % 4, number // 4
        self.key, self.value = b"k%d" % (number % 50_000), _BODY
        attributes = {"ce_id": f"e{number}", "ce_type": "order.paid", "ce_source": "/bench/shop"}
        attributes["idempotency-key"] = f"/bench/shop#e{number}"
        self.headers: Headers = [(name, value.encode()) for name, value in attributes.items()]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=1_000_000, help="how many (%(default)s)")
    count = parser.parse_args().letters
    with tempfile.TemporaryDirectory(prefix="northfield-con-bench-") as directory:
        kafka, registry, postgres, controller = free_ports(4)
        stack = Stack(Path(directory) / "stack", Ports(kafka, registry, postgres, controller))
        try:
            _measure(stack.start().bootstrap_servers, count, Path(directory))
        finally:
            stack.stop()


def _measure(bootstrap_servers: str, count: int, directory: Path) -> None:
    asyncio.run(_fill(bootstrap_servers, count))
    with _timed(f"the index of {count} letters made"), open_index(bootstrap_servers, _LETTERS, directory):
        pass
    for _ in range(3):
        subprocess.run([sys.executable, "-c", _LOOK, bootstrap_servers, _LETTERS, directory], check=True)  # noqa: S603
    copied = _copy(bootstrap_servers, count)
    work = Work(
        bootstrap_servers,
        _LETTERS,
        _BACK,
        Resolution(Outcome.PUT_BACK, "bench", "", datetime.now(UTC)),
        directory=directory,
    )
    started = time.perf_counter()
    back = resolve(work, Filter()) / (time.perf_counter() - started)
    print(f"put back: {back:,.0f}/s; copied by a bare client: {copied:,.0f}/s; ratio {back / copied:.2f}")


async def _fill(bootstrap_servers: str, count: int) -> None:
    spec = TopicSpec(4, 1, 1, None)
    await Topics(bootstrap_servers).ensure(dict.fromkeys((_LETTERS, _BACK, _COPY), spec))
    async with AsyncProducer(producer_settings(bootstrap_servers, "bench")) as producer:
        for start in range(0, count, _PIECE):
            await producer.send([_letter(number) for number in range(start, min(count, start + _PIECE))])


def _letter(number: int) -> Message:
    error = ConnectorError(_REASONS[number % 10], f"Row {number} of 'orders' was refused.")
    refusal = Refusal("sink", Stage.TASK_PUT, error, "1", 1_795_000_000_000 + number)
    return dead_letter(_LETTERS, _Origin(number), refusal, replayed=False)


def _copy(bootstrap_servers: str, count: int) -> float:
    """Records a second from the same topic into another one, headers and all, with nothing else being done."""
    group = {"group.id": uuid.uuid4().hex, "enable.auto.commit": False}
    consumer = Consumer(connection(bootstrap_servers, "bench") | group)
    bounds = topic_bounds(bootstrap_servers, _LETTERS)
    consumer.assign([Offset(_LETTERS, partition, low) for partition, (low, _) in bounds.items()])
    producer = Producer(producer_settings(bootstrap_servers, "bench"))
    started, done = time.perf_counter(), 0
    while done < count:
        for message in consumer.consume(2_000, 0.1):
            while True:
                try:
                    producer.produce(_COPY, message.value(), message.key(), headers=message.headers())
                    break
                except BufferError:
                    producer.poll(0.01)
            done += 1
        producer.poll(0)
    producer.flush()
    consumer.close()
    return done / (time.perf_counter() - started)


@contextmanager
def _timed(what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    print(f"{what} in {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
