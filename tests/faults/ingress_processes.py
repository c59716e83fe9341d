"""One of two processes that share the ingress's port is killed, or stopped in good order, again and again."""

import asyncio
import os
import signal

from tests.faults.load import Load
from tests.faults.pipeline import Pipeline, pipeline
from tests.faults.report import Outcome
from tests.faults.scenario import Setting, judge

_PROCESSES = 2


async def ingress_processes(setting: Setting) -> Outcome:
    """The other one takes what comes meanwhile, and soon there are two again; no request is refused."""
    chance = setting.randomness()
    with pipeline(setting.stack, setting.run, setting.directory, processes=_PROCESSES) as line:
        line.ingress.start()
        line.worker.start()
        await line.until(lambda: line.is_ready(_PROCESSES), "both processes of the ingress are ready")
        load = Load(line.url, setting.run, setting.rate, setting.seed)
        recoveries, problems = [], []
        async with load.running() as ledger:
            await line.moving()
            for number in range(setting.kills):
                await asyncio.sleep(chance.uniform(0.2, 2.0))
                fault = signal.SIGKILL if number % 2 else signal.SIGTERM
                recoveries.append(await _replace_oldest(line, fault))
        if ledger.refused:
            problems.append(f"Requests were refused: {dict(ledger.refused)}.")
        return await judge(
            "ingress_processes", setting, line, ledger, faults=setting.kills, recoveries=recoveries, problems=problems
        )


async def _replace_oldest(line: Pipeline, fault: signal.Signals) -> float:
    """End the oldest process; returns after how many seconds its successor is ready."""
    before = line.ingress.children()[0]
    os.kill(before, fault)

    async def is_replaced() -> bool:
        after = line.ingress.children()
        return before not in after and len(after) == _PROCESSES and await line.is_ready(_PROCESSES)

    return await line.until(is_replaced, "both processes of the ingress are ready")
