"""Thousands of idle and slow connections keep honest senders from nothing."""

import asyncio

from tests.integration.crowd import affordable, crowd, go_on, served


async def test_honest_senders_and_the_health_port_are_answered_in_a_crowd() -> None:
    with served() as ports:
        idle = affordable(10_000 + 1_000) - 1_000
        async with asyncio.timeout(120), crowd(ports, idle, slow=1_000):
            outcome = await go_on(ports, seconds=3)

    assert idle > 0
    assert len(outcome.statuses) > 100
    assert set(outcome.statuses) == {202}
    assert len(outcome.health) > 1
