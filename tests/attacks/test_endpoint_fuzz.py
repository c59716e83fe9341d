"""Whatever bytes come to the port: a well-formed answer below 500 or a closed connection, and no harm to others."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attacks.fuzz import Attack
from tests.attacks.gateway import running

BATCH, BATCHES = 40, 60


@pytest.fixture(scope="module")
def attack() -> Iterator[Attack]:
    """With a gateway of its own, since what is mutated is remembered as an event, too."""
    with running() as gateway:
        yield Attack(gateway)


@settings(max_examples=BATCHES, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32 - 1))
def test_no_bytes_bring_an_error_of_ours(attack: Attack, seed: int) -> None:
    """Each seed makes some requests; the one that fails is told, and can be repeated."""
    attack.run(seed, BATCH)


def test_the_attack_would_notice_an_error(attack: Attack) -> None:
    """It reaches what it attacks: with many kinds of refusals, and accepted events, in what it did."""
    before = attack.outcomes.copy()

    attack.run(1, 400)

    assert attack.outcomes["202"] > before["202"]
    assert {"400", "401", "405", "409", "413", "415", "431"} <= set(attack.outcomes)
