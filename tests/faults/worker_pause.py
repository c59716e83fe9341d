"""A worker is stopped for longer than its session lasts, another takes over, and the first one wakes up."""

import asyncio
import signal

from tests.faults.load import Load
from tests.faults.pipeline import pipeline
from tests.faults.report import Outcome
from tests.faults.scenario import Setting, judge

_SETTLE_SECONDS = 0.3
_PAUSE_SECONDS = 8.0
"""Longer than the six seconds of a session on the embedded broker."""


async def worker_pause(setting: Setting) -> Outcome:
    """The one that wakes up, a zombie, must not write what the other has written, nor lose what it held."""
    chance = setting.randomness()
    with pipeline(setting.stack, setting.run, setting.directory) as line:
        line.ingress.start()
        line.worker.start()
        line.second_worker.start()
        await line.listening()
        load = Load(line.url, setting.run, setting.rate, setting.seed)
        recoveries = []
        async with load.running() as ledger:
            await line.moving()
            for number in range(setting.restarts):
                await asyncio.sleep(chance.uniform(1.0, 4.0))
                zombie = (line.worker, line.second_worker)[number % 2]
                zombie.signal(signal.SIGSTOP)
                # What it had sent may still be committed, which must not pass for the other's work.
                await asyncio.sleep(_SETTLE_SECONDS)
                recoveries.append(_SETTLE_SECONDS + await line.moving())
                await asyncio.sleep(_PAUSE_SECONDS)
                zombie.signal(signal.SIGCONT)
                await line.moving()
        return await judge("worker_pause", setting, line, ledger, faults=setting.restarts, recoveries=recoveries)
