"""A circuit breaker: a target that has failed often enough in a row is left alone, then tried with one call.

https://martinfowler.com/bliki/CircuitBreaker.html
"""

from math import inf

from router.delivery.backoff import Backoff

FAILURES = 10
"""In a row, before a target is left alone."""


class Breaker:
    """Closed: everything passes. Open: nothing until a time, then one call, whose outcome decides.

    Times are seconds of a monotonic clock. backoff: for how long a target is left alone.
    """

    def __init__(self, backoff: Backoff, failures: int = FAILURES) -> None:
        self._backoff = backoff
        self._most = failures
        self._failures = 0
        self._opened = 0
        self._until = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether the target is left alone."""
        return self._opened > 0

    def seconds(self, now: float) -> float:
        """How long until a call may pass; infinite while the outcome of another decides."""
        if not self._opened:
            return 0.0
        return inf if self._probing else max(0.0, self._until - now)

    def enter(self) -> bool:
        """A call passes; whether it is the one that decides."""
        if not self._opened or self._probing:
            return False
        self._probing = True
        return True

    def succeeded(self, *, probe: bool) -> None:
        """The target has answered."""
        if probe or not self._opened:
            self._failures = self._opened = 0
            self._probing = False

    def failed(self, now: float, *, probe: bool, retry_after_seconds: float | None) -> None:
        """The target has not, or has asked to be left alone for so many seconds."""
        self._failures += 1
        if probe or retry_after_seconds is not None or (not self._opened and self._failures >= self._most):
            self._opened += 1
            self._probing = False
            self._until = max(self._until, now + self._backoff.of(self._opened, retry_after_seconds))

    def abandoned(self, *, probe: bool) -> None:
        """The call was ended by us, and says nothing of the target."""
        if probe:
            self._probing = False
