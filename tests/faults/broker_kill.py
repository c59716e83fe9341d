"""The broker is killed and started again under load; the last time, the product is stopped while it is away."""

import asyncio

from tests.faults.load import Load
from tests.faults.pipeline import pipeline
from tests.faults.report import Outcome
from tests.faults.scenario import Setting, judge


async def broker_kill(setting: Setting) -> Outcome:
    """What was answered with 202 survives; both roles find the broker again by themselves, and stop without it."""
    chance = setting.randomness()
    with pipeline(setting.stack, setting.run, setting.directory) as line:
        line.ingress.start()
        line.worker.start()
        await line.listening()
        load = Load(line.url, setting.run, setting.rate, setting.seed)
        recoveries = []
        async with load.running() as ledger:
            await line.moving()
            broker = setting.stack.component("kafka")
            for number in range(setting.restarts):
                await asyncio.sleep(chance.uniform(1.0, 4.0))
                await asyncio.to_thread(broker.kill)
                await asyncio.sleep(chance.uniform(0.0, 4.0))
                is_last = number == setting.restarts - 1
                if is_last:
                    await asyncio.to_thread(line.stop)
                await asyncio.to_thread(broker.start)
                if is_last:
                    line.ingress.start()
                    line.worker.start()
                recoveries.append(await line.moving())
        return await judge("broker_kill", setting, line, ledger, faults=setting.restarts, recoveries=recoveries)
