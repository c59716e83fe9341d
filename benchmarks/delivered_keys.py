"""`python -m benchmarks.delivered_keys`: what the index of delivered keys costs, and how long it takes to read back."""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

from benchmarks.ports import free_ports
from router.delivery.delivered_keys import ENTRY_BYTES, Fingerprint
from router.delivery.key_index import KeyIndex, KeyIndexes, KeySettings
from router.dev.stack import Ports, Stack
from router.kafka.clients import producer as producer_settings
from router.kafka.producer import AsyncProducer
from router.kafka.topics import Topics, TopicSpec

_TOPIC = "bench.sink.keys"
_PIECE = 10_000
_SAMPLE = 100_000
_BODY = bytes(1_000)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=10_000_000, help="how many keys (%(default)s)")
    keys = parser.parse_args().keys
    with tempfile.TemporaryDirectory(prefix="northfield-con-bench-") as directory:
        kafka, registry, postgres, controller = free_ports(4)
        stack = Stack(Path(directory), Ports(kafka, registry, postgres, controller))
        try:
            asyncio.run(_measure(stack.start().bootstrap_servers, keys))
        finally:
            stack.stop()


async def _measure(bootstrap_servers: str, keys: int) -> None:
    settings = KeySettings(_TOPIC, 604_800, keys * 2)
    await Topics(bootstrap_servers).ensure({_TOPIC: TopicSpec(1, 1, 1, 168)})
    indexes = KeyIndexes(bootstrap_servers, settings)
    index = indexes.hold(0)
    async with AsyncProducer(producer_settings(bootstrap_servers, "bench")) as producer:
        for _ in range(keys // _PIECE):
            entries = os.urandom(_PIECE * ENTRY_BYTES)
            starts = range(0, len(entries), ENTRY_BYTES)
            index.add([Fingerprint(entries[at : at + 16], entries[at + 16 : at + 24]) for at in starts])
            await producer.send(indexes.take_unsaved())
    started = time.perf_counter()
    rebuilt = KeyIndexes(bootstrap_servers, settings).hold(0)
    await rebuilt.load()
    seconds = time.perf_counter() - started
    print(f"{len(rebuilt)} keys read back in {seconds:.1f} s, {rebuilt.size_bytes / len(rebuilt):.1f} bytes each")
    _time_events(rebuilt)


def _time_events(index: KeyIndex) -> None:
    started = time.process_time()
    made = [Fingerprint.of(f"/shop/hooks#msg_{number}", _BODY) for number in range(_SAMPLE)]
    digested = time.process_time()
    for fingerprint in made:
        index.body(fingerprint.key)
    looked_up = time.process_time()
    for start in range(0, _SAMPLE, 100):
        index.add(made[start : start + 100])
    added = time.process_time()
    for what, seconds in (
        ("digests of a key and 1 kB", digested - started),
        ("a lookup that finds nothing", looked_up - digested),
        ("an addition", added - looked_up),
    ):
        print(f"{what}: {seconds / _SAMPLE * 1_000_000:.2f} µs")


if __name__ == "__main__":
    main()
