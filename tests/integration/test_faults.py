"""Short runs of the fault scenarios: the real product is killed, paused and poisoned, and nothing may be lost."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from psycopg import sql

from router.dev.endpoints import Endpoints
from router.dev.stack import Stack
from tests.faults.__main__ import SCENARIOS
from tests.faults.events import place_of
from tests.faults.load import Load
from tests.faults.pipeline import pipeline
from tests.faults.scenario import Setting, judge
from tests.integration.stack_clients import database


@pytest.fixture
def setting(stack: Stack, endpoints: Endpoints, tmp_path: Path, unique: Callable[[], str]) -> Setting:
    return Setting(stack, tmp_path, unique(), seed=1, rate=200, kills=3, restarts=1, outage_seconds=5, poisoned=3_000)


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_lost_doubled_or_reordered(name: str, setting: Setting) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(SCENARIOS[name](setting))

    assert found.passed, found
    assert found.events >= 200


async def test_the_harness_finds_what_is_tampered_with(setting: Setting, endpoints: Endpoints) -> None:
    """The proof of the whole harness: one row less, one changed, one moved behind its key's next, one offered twice."""
    with pipeline(setting.stack, setting.run, setting.directory) as line:
        line.ingress.start()
        line.worker.start()
        await line.listening()
        async with Load(line.url, setting.run, setting.rate, setting.seed).running() as ledger:
            await asyncio.sleep(3)
        await line.settled()
        tamper(endpoints, setting.run)

        found = await judge("tampered", setting, line, ledger, faults=4, recoveries=[])

    assert (found.lost, found.duplicated, found.reordered) == (1, 1, 1)
    assert found.problems[0] == "1 events arrived changed."
    assert re.fullmatch(rf"Of the lost, the topic has {setting.run}-\d+-\d+ at \d:\d+\.", found.problems[1])


def tamper(endpoints: Endpoints, table: str) -> None:
    def run(statement: str, event_id: str) -> None:
        names = {"table": sql.Identifier(table), "offers": sql.Identifier(f"{table}_offers")}
        connection.execute(sql.SQL(statement).format(**names), (event_id,))

    with database(endpoints) as connection:
        rows = connection.execute(sql.SQL("SELECT id FROM {} ORDER BY row").format(sql.Identifier(table))).fetchall()
        ids = [event_id for (event_id,) in rows]
        behind = next(one for one in ids[1:-1] if any(is_next(one, other) for other in ids[1:-1]))
        run("DELETE FROM {table} WHERE id = %s", ids[-1])
        run("UPDATE {table} SET data = '{{}}' WHERE id = %s", ids[0])
        run("UPDATE {table} SET row = DEFAULT WHERE id = %s", behind)
        run("INSERT INTO {offers} VALUES (%s)", ids[0])


def is_next(event_id: str, other_id: str) -> bool:
    one, other = place_of(event_id), place_of(other_id)
    return other.key == one.key and other.seq == one.seq + 1
