"""The worker is killed again and again, in the middle of its work and of its start."""

import asyncio

from tests.faults.load import Load
from tests.faults.pipeline import pipeline
from tests.faults.report import Outcome
from tests.faults.scenario import Setting, judge


async def worker_kill(setting: Setting) -> Outcome:
    """Every second kill comes when everything flows again, the others a random moment after the start before."""
    chance = setting.randomness()
    with pipeline(setting.stack, setting.run, setting.directory) as line:
        line.ingress.start()
        line.worker.start()
        await line.listening()
        load = Load(line.url, setting.run, setting.rate, setting.seed)
        recoveries = []
        async with load.running() as ledger:
            await line.moving()
            for number in range(setting.kills):
                await asyncio.sleep(chance.uniform(0.2, 2.0))
                line.worker.kill()
                before = await line.positions()
                line.worker.start()
                if number % 2 or number == setting.kills - 1:
                    recoveries.append(await line.moving(before))
        return await judge("worker_kill", setting, line, ledger, faults=setting.kills, recoveries=recoveries)
