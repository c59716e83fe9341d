"""The schema registry is away: schemas that are known go on, and nothing is lost for those that are not."""

import asyncio

from tests.faults.load import Load
from tests.faults.pipeline import pipeline
from tests.faults.report import Outcome
from tests.faults.scenario import Setting, judge


async def registry_away(setting: Setting) -> Outcome:
    """A worker that is started without the registry waits for it; the ingress, which knows the schema, goes on."""
    with pipeline(setting.stack, setting.run, setting.directory) as line:
        line.ingress.start()
        line.worker.start()
        await line.listening()
        load = Load(line.url, setting.run, setting.rate, setting.seed)
        async with load.running() as ledger:
            await line.moving()
            registry = setting.stack.component("registry")
            await asyncio.to_thread(registry.kill)
            await line.moving()
            line.worker.kill()
            before = await line.positions()
            line.worker.start()
            await asyncio.sleep(setting.outage_seconds)
            await asyncio.to_thread(registry.start)
            recovery = await line.moving(before)
        return await judge("registry_away", setting, line, ledger, faults=2, recoveries=[recovery])
