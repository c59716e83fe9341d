"""When a source runs again."""

from datetime import UTC, datetime, timedelta

import pytest

from router.config.models import Schedule
from router.config.schedule import next_time
from router.fetching.schedule import seconds_until_next

BERLIN = "Europe/Berlin"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_an_interval_grows_by_its_jitter_at_most() -> None:
    schedule = Schedule(interval_seconds=100, jitter=0.2)

    waits = [seconds_until_next(schedule) for _ in range(200)]

    assert min(waits) >= 100
    assert 110 < max(waits) <= 120


def test_without_jitter_the_interval_is_exact() -> None:
    assert seconds_until_next(Schedule(interval_seconds=5, jitter=0)) == 5


def test_a_cron_line_is_read_in_its_zone() -> None:
    schedule = Schedule(cron="30 6 * * *", time_zone=BERLIN)

    assert seconds_until_next(schedule, moment("2026-11-23T05:00:00+00:00")) == timedelta(minutes=30).total_seconds()


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        # Clocks go from 02:00 to 03:00.
        ("30 2 * * *", "2026-03-29T00:30:00+01:00", "2026-03-29T03:30:00+02:00"),
        ("30 2 * * *", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"),
        ("0 * * * *", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"),
        # Clocks go from 03:00 to 02:00.
        ("30 2 * * *", "2026-10-25T00:30:00+02:00", "2026-10-25T02:30:00+02:00"),
        ("30 2 * * *", "2026-10-25T02:10:00+01:00", "2026-10-26T02:30:00+01:00"),
        ("0 4 * * *", "2026-10-25T02:10:00+01:00", "2026-10-25T04:00:00+01:00"),
    ],
)
def test_a_daily_time_comes_once_on_the_days_on_which_clocks_change(cron: str, after: str, expected: str) -> None:
    assert next_time(cron, BERLIN, moment(after)) == moment(expected)


def test_the_next_time_is_always_later() -> None:
    after = moment("2026-10-25T00:00:00+02:00")

    for _ in range(48):
        following = next_time("*/30 * * * *", BERLIN, after)
        assert following > after
        after = following
