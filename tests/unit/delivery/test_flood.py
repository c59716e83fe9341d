"""When the dead letters are too many for the fault to be with the events."""

import pytest

from router.delivery.flood import Flood, FloodLimits


def flood(history: str) -> Flood:
    one = Flood(FloodLimits(5, 10))
    for outcome in history:
        if outcome == "x":
            one.refused()
        else:
            one.passed(int(outcome))
    return one


@pytest.mark.parametrize("history", ["", "xxxx", "xxxx1", "9xxxx", "xx1xx1xx9", "xxxxx9", "x1x1x1x1" + "111111x" * 5])
def test_few_refusals_among_the_last_events_are_let_through(history: str) -> None:
    assert not flood(history).is_on


@pytest.mark.parametrize("history", ["xxxxx", "9xxxxx", "x1x1x1x1x", "xxxxx5", "x9" * 3 + "xxxxx", "xxxxxxxxxxxxxxx4"])
def test_many_are_a_flood_until_enough_is_delivered_again(history: str) -> None:
    one = flood(history)

    assert one.is_on
    one.passed(10)
    assert not one.is_on
