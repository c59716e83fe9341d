"""What an API's headers say about how many requests it still takes, and when it takes more."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_REMAINING = re.compile(r"(?:^|[;,\s])(?:r|remaining)\s*=\s*(\d{1,15})")
_RESET = re.compile(r"(?:^|[;,\s])(?:t|reset)\s*=\s*(\d{1,15})")
_SECONDS = re.compile(r"\d{1,9}")
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,9})?")
# A moment is told from a number of seconds by its size: it lies after 2001, and in milliseconds far behind.
_FIRST_EPOCH_SECONDS = 1_000_000_000
_FIRST_EPOCH_MILLIS = 100_000_000_000


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds of Retry-After (a number, or a date), from `now` in seconds since the epoch."""
    value = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def seconds_until_allowed(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds to wait before the next request; None if there is still a request left, or nothing is said.

    Reads the draft's `RateLimit`, its older `RateLimit-Remaining` and `-Reset`, and `X-RateLimit-…`.
    """
    for remaining, reset in _told(headers):
        if remaining is not None and reset is not None and float(remaining) < 1:
            return _from_now(float(reset), now)
    return None


def _told(headers: Mapping[str, str]) -> list[tuple[str | None, str | None]]:
    draft = headers.get("RateLimit", "").lower()
    left, until = _REMAINING.search(draft), _RESET.search(draft)
    pairs = [(left[1] if left else None, until[1] if until else None)]
    prefixes = ("RateLimit", "X-RateLimit", "X-Rate-Limit")
    return pairs + [(_number(headers.get(f"{p}-Remaining")), _number(headers.get(f"{p}-Reset"))) for p in prefixes]


def _number(value: str | None) -> str | None:
    text = (value or "").strip()
    return text if _NUMBER.fullmatch(text) else None


def _from_now(reset: float, now: float) -> float:
    if reset >= _FIRST_EPOCH_MILLIS:
        reset = reset / 1000 - now
    elif reset >= _FIRST_EPOCH_SECONDS:
        reset -= now
    return max(0.0, reset)
