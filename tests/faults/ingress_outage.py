"""The brokers are away under load: the ingress spools, is killed while it spools, and everything arrives in order."""

import asyncio
import time
from pathlib import Path

from tests.faults.load import Ledger, Load
from tests.faults.pipeline import Pipeline, pipeline
from tests.faults.report import Outcome
from tests.faults.scenario import Setting, judge

_ACK_SECONDS = 2.0


async def ingress_outage(setting: Setting) -> Outcome:
    """Events are accepted all through the outage."""
    return await _outage("ingress_outage", setting, kills=0)


async def ingress_kill_spooling(setting: Setting) -> Outcome:
    """The ingress is killed while it spools, starts without the brokers, and goes on."""
    return await _outage("ingress_kill_spooling", setting, kills=setting.kills)


async def _outage(name: str, setting: Setting, kills: int) -> Outcome:
    chance = setting.randomness()
    spool = setting.directory / "spool"
    with pipeline(setting.stack, setting.run, setting.directory, spool=spool) as line:
        line.ingress.start()
        line.worker.start()
        await line.listening()
        load = Load(line.url, setting.run, setting.rate, setting.seed)
        recoveries = []
        async with load.running() as ledger:
            await line.moving()
            broker = setting.stack.component("kafka")
            await asyncio.to_thread(broker.kill)
            await asyncio.sleep(_ACK_SECONDS)
            before = len(ledger.accepted)
            ends = time.monotonic() + setting.outage_seconds
            for _ in range(kills):
                await asyncio.sleep(chance.uniform(0.2, 2.0))
                line.ingress.kill()
                line.ingress.start()
                recoveries.append(await line.listening())
            await asyncio.sleep(max(0, ends - time.monotonic()))
            problems = _problems(setting, ledger, before)
            await asyncio.to_thread(broker.start)
            recoveries.append(await line.moving())
        await drained(line, spool)
        return await judge(name, setting, line, ledger, faults=1 + kills, recoveries=recoveries, problems=problems)


def _problems(setting: Setting, ledger: Ledger, before: int) -> list[str]:
    expected = setting.rate * setting.outage_seconds / 2
    accepted = len(ledger.accepted) - before
    return [] if accepted >= expected else [f"Only {accepted} events were accepted while the brokers were away."]


async def drained(line: Pipeline, spool: Path) -> None:
    """Wait until nothing is in the spool."""

    async def is_empty() -> bool:
        return not await asyncio.to_thread(lambda: list(spool.glob("*/*.spool")))

    await line.until(is_empty, "the spool is drained")
