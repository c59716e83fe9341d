"""A token bucket: so many events a second, and a second's worth at once.

https://en.wikipedia.org/wiki/Token_bucket
"""


class Pace:
    """Times are seconds of a monotonic clock. rate: events a second.

    A batch passes as soon as there is anything in the bucket, and may leave it owing.
    """

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._level = rate
        self._at = now

    def change(self, rate: float, now: float) -> None:
        """Another rate from now on."""
        self._fill(now)
        self._rate = rate
        self._level = min(self._level, rate)

    def seconds(self, now: float) -> float:
        """How long until a batch may pass."""
        self._fill(now)
        return 0.0 if self._level > 0 else -self._level / self._rate + _AFTER

    def take(self, events: int) -> None:
        """A batch passes."""
        self._level -= events

    def _fill(self, now: float) -> None:
        self._level = min(self._rate, self._level + (now - self._at) * self._rate)
        self._at = now


_AFTER = 1e-3
"""Past the moment at which nothing is owed."""
