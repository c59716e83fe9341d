"""What a schedule may say: cron lines that come true, and zones that exist."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter  # type: ignore[import-untyped]  # it has no annotations

_FIELDS = 5
_CHANCE = re.compile(r"(^|\s)[RrHh](\s|\(|/|$)")
"""Fields that croniter would fill in by chance."""


def cron_line(text: str) -> str:
    """The text, if it is a cron line of five fields that names a time. Raises ValueError, without the text."""
    if len(text.split()) != _FIELDS:
        message = "a cron line has five fields: minute, hour, day of the month, month, day of the week"
        raise ValueError(message)
    if not _names_a_time(text):
        message = "this cron line names no time"
        raise ValueError(message)
    return text


def time_zone(name: str) -> str:
    """The name, if it is a time zone of the IANA database. Raises ValueError, without the name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = "there is no time zone of this name"
        raise ValueError(message) from None
    return name


def next_time(cron: str, zone: str, after: datetime) -> datetime:
    """The first time of the cron line, read in the zone, that comes after the moment.

    Where clocks go forward, a time that they skip comes as much later; where they go back, a time that they show
    twice comes the first time only. Raises ValueError if the line names no time.
    """
    place = ZoneInfo(zone)
    # On the clock's face, since croniter loses an hour of the days on which clocks change.
    times = croniter(cron, after.astimezone(place).replace(tzinfo=None))
    while True:
        following: datetime = times.get_next(datetime).replace(tzinfo=place).astimezone(UTC)
        if following > after:
            return following


def _names_a_time(cron: str) -> bool:
    if _CHANCE.search(cron):
        return False
    try:
        next_time(cron, "UTC", datetime.now(UTC))
    except (ValueError, KeyError):
        return False
    return True
