"""The worker of an HTTP sink is killed: nothing is lost, and only what the worker held is posted again."""

import asyncio
from dataclasses import replace

from tests.conftest import choose_ports
from tests.faults.checker import check
from tests.faults.configuration import MAX_BUFFERED_EVENTS, PARTITIONS
from tests.faults.load import Load
from tests.faults.pipeline import pipeline
from tests.faults.receiver import Receiver
from tests.faults.report import Outcome, outcome
from tests.faults.scenario import Setting


async def http_kill(setting: Setting) -> Outcome:
    """At least once: repetitions are counted, and bounded by what the worker may hold at each kill.

    Keys do not wait for each other, so some events are answered while one before them is not; those are posted again.
    """
    chance = setting.randomness()
    receiver, port = Receiver(), choose_ports().kafka
    with pipeline(setting.stack, setting.run, setting.directory, port) as line:
        line.ingress.start()
        line.worker.start()
        await line.listening()
        load = Load(line.url, setting.run, setting.rate, setting.seed)
        recoveries = []

        async def more_than(count: int) -> float:
            async def has_more() -> bool:
                return len(receiver.places) > count

            return await line.until(has_more, "new events are posted")

        async with receiver.listening(port):
            async with load.running() as ledger:
                await more_than(0)
                for _ in range(setting.kills):
                    await asyncio.sleep(chance.uniform(0.2, 2.0))
                    line.worker.kill()
                    before = len(receiver.places)
                    line.worker.start()
                    recoveries.append(await more_than(before))
            await more_than(len(ledger.accepted) - 1)
            await asyncio.to_thread(line.stop)
    found = outcome(
        "http_kill",
        setting.seed,
        events=len(ledger.accepted),
        faults=setting.kills,
        verdict=check(ledger.offered, ledger.accepted.keys(), receiver.arrived),
        recoveries=recoveries,
    )
    return replace(found, allowed_repetitions=setting.kills * PARTITIONS * MAX_BUFFERED_EVENTS)
