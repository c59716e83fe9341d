from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from router.api import ConnectorError, Reason
from sources.sql_poll.position import to_place, to_position
from sources.sql_poll.reading import _complete


@pytest.mark.parametrize("value", [7, "seven", Decimal("7.10"), datetime(2026, 1, 1, 10, 0, 0, 1, tzinfo=UTC)])
def test_a_place_comes_back_from_its_position(value: Any) -> None:
    assert to_place("some", ["a"], to_position(["a"], (value,))) == (value,)


@pytest.mark.parametrize(
    "after", [{"b": 1}, {"a": None}, {"a": {"timestamp": "x"}}, {"a": {"decimal": "x"}}, [1], None]
)
def test_a_position_that_somebody_has_spoilt_is_refused(after: Any) -> None:
    with pytest.raises(ConnectorError) as caught:
        to_place("some", ["a"], {"after": after})

    assert caught.value.reason is Reason.CONFIG_INVALID


@pytest.mark.parametrize("value", [1.5, True, b"x"])
def test_a_column_whose_values_cannot_be_kept_is_refused(value: Any) -> None:
    with pytest.raises(ConnectorError) as caught:
        to_position(["a"], (value,))

    assert caught.value.reason is Reason.CONFIG_INVALID


@pytest.mark.parametrize(
    ("places", "is_end", "complete"),
    [
        ([(1,), (2,), (3,)], False, (2,)),
        ([(1,), (2,), (2,)], False, (1,)),
        ([(2,), (2,)], False, None),
        ([(2,), (2,)], True, (2,)),
    ],
)
def test_a_place_is_complete_when_a_later_one_was_seen(
    places: list[tuple[int]], is_end: bool, complete: tuple[int] | None
) -> None:
    assert _complete(places, is_end) == complete
