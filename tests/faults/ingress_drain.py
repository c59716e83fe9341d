"""The ingress is stopped in good order again and again, under load: nobody who was accepted may notice."""

import asyncio
import time

from tests.faults.load import Load
from tests.faults.pipeline import pipeline
from tests.faults.report import Outcome
from tests.faults.scenario import Setting, judge

_PROMISED_SECONDS = 10


async def ingress_drain(setting: Setting) -> Outcome:
    """After SIGTERM it is gone within ten seconds, and answers what it has taken in; no request is refused with 5xx."""
    chance = setting.randomness()
    with pipeline(setting.stack, setting.run, setting.directory) as line:
        line.ingress.start()
        line.worker.start()
        await line.listening()
        load = Load(line.url, setting.run, setting.rate, setting.seed)
        recoveries, problems = [], []
        async with load.running() as ledger:
            await line.moving()
            for _ in range(setting.kills):
                await asyncio.sleep(chance.uniform(0.2, 2.0))
                started = time.monotonic()
                await asyncio.to_thread(line.ingress.stop)
                if (seconds := time.monotonic() - started) > _PROMISED_SECONDS:
                    problems.append(f"It took {seconds:.1f} s to stop.")
                line.ingress.start()
                recoveries.append(await line.listening())
        if ledger.refused:
            problems.append(f"Requests were refused: {dict(ledger.refused)}.")
        return await judge(
            "ingress_drain", setting, line, ledger, faults=setting.kills, recoveries=recoveries, problems=problems
        )
