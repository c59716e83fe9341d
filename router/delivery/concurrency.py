"""How many calls a target gets at once: additive increase, multiplicative decrease.

https://www.rfc-editor.org/rfc/rfc5681#section-3.1
"""

from math import inf

_CALM_SECONDS = 1.0
"""Failures within it are of the same calls, and count once."""


class Concurrency:
    """No limit until the target is overloaded; then half of what it had, and one more for each round that succeeds.

    Times are seconds of a monotonic clock.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self._limit = inf
        self._most = 1
        self._lowered_at = -inf

    @property
    def limit(self) -> float:
        """How many calls at once; infinite where the target takes all that there are."""
        return self._limit

    @property
    def has_room(self) -> bool:
        """Whether one more may pass."""
        return self.in_flight < self._limit

    def enter(self) -> None:
        """A call passes."""
        self.in_flight += 1
        self._most = max(self._most, self.in_flight)

    def leave(self) -> None:
        """It has ended."""
        self.in_flight -= 1

    def succeeded(self) -> None:
        """A call has succeeded."""
        if self._limit < inf:
            self._limit += 1 / self._limit
            if self._limit > self._most:
                self._limit = inf

    def overloaded(self, now: float) -> None:
        """A call has failed in a way that says that there are too many."""
        if now - self._lowered_at >= _CALM_SECONDS:
            self._lowered_at = now
            self._limit = max(1.0, min(self._limit, self._most) / 2)
