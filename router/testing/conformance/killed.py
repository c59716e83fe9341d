"""A sink in a process of its own, which is killed in the middle of its work."""

import asyncio
import os
import pickle
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from router.api import Batch, ConnectorConfig, Event, PositionedSink, Schema, SinkConnector, TopicPartition
from router.testing.conformance.claim import broken
from router.testing.conformance.place import NAME

_READY = b"ready\n"


@dataclass(frozen=True, slots=True)
class Work:
    """What the process is told. module, attribute: where its connector is; events: from offset 0 on."""

    module: str
    attribute: str
    config: ConnectorConfig
    partition: TopicPartition
    schema: Schema | None
    events: Sequence[Event]
    batch_events: int


def whereabouts(connector: SinkConnector) -> tuple[str, str]:
    """The module and the attribute that a process of its own finds the connector by."""
    found = [
        (name, attribute)
        for name, module in list(sys.modules.items())
        if name != "__main__"
        for attribute, value in list(vars(module).items())
        if value is connector
    ]
    if not found:
        broken("its declaration is no attribute of an imported module, so that no other process could find it")
    return found[0]


async def kill_at_work(work: Work, seconds: float) -> None:
    """Let a new process go on from the position, and kill it so long after its first write has begun."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    program = [sys.executable, "-m", "router.testing.conformance.killed"]
    process = await asyncio.create_subprocess_exec(
        *program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment
    )
    if process.stdin is None or process.stdout is None:
        message = "the process has no pipes"
        raise RuntimeError(message)
    process.stdin.write(pickle.dumps(work))
    process.stdin.close()
    ready = await process.stdout.readline()
    await asyncio.sleep(seconds)
    if process.returncode is None:
        process.kill()
    status = await process.wait()
    if ready != _READY or status not in (0, -signal.SIGKILL):
        broken(f"a process of its own that delivers ended by itself, with status {status}")


async def deliver(work: Work) -> None:
    """What the process does: claim, and write everything from the position on."""
    connector: SinkConnector = getattr(import_module(work.module), work.attribute)
    async with connector.open(work.config, NAME) as sink:
        position = await sink.claim(work.partition) if isinstance(sink, PositionedSink) else None
        sys.stdout.buffer.write(_READY)
        sys.stdout.buffer.flush()
        for first in range(position or 0, len(work.events), work.batch_events):
            some = tuple(work.events[first : first + work.batch_events])
            await sink.write(Batch(work.partition, some, first, first + len(some), work.schema))


if __name__ == "__main__":
    asyncio.run(deliver(pickle.load(sys.stdin.buffer)))  # noqa: S301  from the process that has started this one
