"""When a source that has caught up runs again."""

import random
from datetime import UTC, datetime

from router.config.models import Schedule
from router.config.schedule import next_time


def seconds_until_next(schedule: Schedule, now: datetime | None = None) -> float:
    """From now, the end of a run, to the next run."""
    if schedule.cron is not None:
        moment = now or datetime.now(UTC)
        return (next_time(schedule.cron, schedule.time_zone, moment) - moment).total_seconds()
    # Not cryptography: it keeps many sources of one interval from meeting for ever.
    return (schedule.interval_seconds or 0) * (1 + random.uniform(0, schedule.jitter))  # noqa: S311
