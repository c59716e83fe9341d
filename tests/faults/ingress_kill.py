"""The ingress is killed again and again; a sender that got no answer repeats the event under its id."""

import asyncio

from tests.faults.load import Load
from tests.faults.pipeline import pipeline
from tests.faults.report import Outcome
from tests.faults.scenario import Setting, judge


async def ingress_kill(setting: Setting) -> Outcome:
    """What was answered with 202 must be there; what was not answered is there once, however often it was sent."""
    chance = setting.randomness()
    with pipeline(setting.stack, setting.run, setting.directory) as line:
        line.ingress.start()
        line.worker.start()
        await line.listening()
        load = Load(line.url, setting.run, setting.rate, setting.seed)
        recoveries = []
        async with load.running() as ledger:
            await line.moving()
            for _ in range(setting.kills):
                await asyncio.sleep(chance.uniform(0.2, 2.0))
                line.ingress.kill()
                line.ingress.start()
                recoveries.append(await line.listening())
        return await judge("ingress_kill", setting, line, ledger, faults=setting.kills, recoveries=recoveries)
