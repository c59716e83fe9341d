"""What every scenario is given, and the judgement that all scenarios under load share."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from router.dev.stack import Stack
from tests.faults.checker import check, surplus
from tests.faults.events import identity
from tests.faults.load import Ledger
from tests.faults.pipeline import Pipeline
from tests.faults.report import Outcome, outcome

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Setting:
    """How hard a scenario tries.

    directory: for configurations and logs. rate: events a second. kills: of a process. restarts: of the broker.
    outage_seconds: how long a server is away. poisoned: of how many events one in a hundred is poison.
    """

    stack: Stack
    directory: Path
    run: str
    seed: int
    rate: float
    kills: int
    restarts: int
    outage_seconds: float
    poisoned: int

    def randomness(self) -> random.Random:
        """The scenario's own, which the seed repeats."""
        return random.Random(self.seed)  # noqa: S311  a test's randomness, to be repeated


async def judge(
    name: str,
    setting: Setting,
    pipeline: Pipeline,
    ledger: Ledger,
    *,
    faults: int,
    recoveries: Sequence[float],
    problems: Sequence[str] = (),
) -> Outcome:
    """Wait until everything is delivered, stop the product, and compare what was accepted with what is there."""
    await pipeline.settled()
    await asyncio.to_thread(pipeline.stop)
    verdict = await asyncio.to_thread(lambda: check(ledger.offered, ledger.accepted.keys(), pipeline.table.delivered()))
    repeated = await asyncio.to_thread(lambda: surplus(pipeline.table.offers(), pipeline.log()))
    dead = sum((await asyncio.to_thread(pipeline.ends, pipeline.dead_letter_topic)).values())
    found = [*problems]
    if verdict.lost:
        ids = [identity(setting.run, place) for place in verdict.lost[:_SHOWN]]
        found.append(f"Of the lost, the topic has {await asyncio.to_thread(pipeline.whereabouts, ids)}.")
    if dead:
        found.append(f"{dead} dead letters, where nothing was poison.")
    return outcome(
        name,
        setting.seed,
        events=len(ledger.accepted),
        faults=faults,
        verdict=verdict,
        repeated=repeated,
        recoveries=recoveries,
        problems=found,
    )
