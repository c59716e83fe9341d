"""Postgres is away for minutes: nothing is lost, dead-lettered or rebalanced, and memory stays where it is."""

import asyncio
import time

from tests.faults.configuration import MAX_BUFFERED_EVENTS, PARTITIONS
from tests.faults.load import Load
from tests.faults.membership import Membership
from tests.faults.pipeline import Pipeline, pipeline
from tests.faults.report import Outcome
from tests.faults.scenario import Setting, judge

_LOOK_SECONDS = 0.5
_EVENT_BYTES = 4_096
"""What an event in the buffer occupies at most: some 600 bytes on the topic, and Python's objects around them."""
MAX_GROWTH_BYTES = 50 * 1_048_576 + PARTITIONS * MAX_BUFFERED_EVENTS * _EVENT_BYTES


async def sink_away(setting: Setting) -> Outcome:
    """Postgres is killed, and started again after the outage, while events keep coming."""
    with pipeline(setting.stack, setting.run, setting.directory) as line:
        line.ingress.start()
        line.worker.start()
        await line.listening()
        load = Load(line.url, setting.run, setting.rate, setting.seed)
        async with load.running() as ledger:
            await line.moving()
            await asyncio.sleep(2)
            before = await line.positions()
            sink = setting.stack.component("postgres")
            await asyncio.to_thread(sink.kill)
            problems = await _watch(line, setting.outage_seconds)
            await asyncio.to_thread(sink.start)
            recovery = await line.moving(before)
        return await judge("sink_away", setting, line, ledger, faults=1, recoveries=[recovery], problems=problems)


async def _watch(line: Pipeline, seconds: float) -> list[str]:
    """What happened during the outage that must not happen."""
    membership = Membership(line.endpoints, line.group)
    first = await asyncio.to_thread(membership.look)
    resident = line.worker.resident_bytes
    largest, changed = resident, ""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_SECONDS)
        line.worker.check()
        now = await asyncio.to_thread(membership.look)
        changed = changed or (now if now != first else "")
        largest = max(largest, line.worker.resident_bytes)
    problems = []
    if changed:
        problems.append(f"The group was rebalanced, from\n{first}\nto\n{changed}")
    if largest - resident > MAX_GROWTH_BYTES:
        problems.append(f"The worker grew by {(largest - resident) >> 20} MiB.")
    return problems
