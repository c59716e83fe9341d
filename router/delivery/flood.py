"""A breaker before the dead letters: after a bad deploy a sink must not empty its topics into them."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """Too many are `most` of the last `of` events."""

    most: int
    of: int


class Flood:
    """What became of the last events, in reading them and in delivering them: passed or refused.

    Both count, since the unreadable ones of a batch are refused before the first of it is delivered.
    """

    def __init__(self, limits: FloodLimits) -> None:
        self._limits = limits
        self._last: deque[bool] = deque(maxlen=limits.of)
        self._refused = 0

    @property
    def is_on(self) -> bool:
        """Whether so many have been refused that the fault will not be with the events."""
        return self._refused >= self._limits.most

    def passed(self, events: int) -> None:
        """So many could be read, or were accepted by the sink."""
        if not self._refused:
            return
        for _ in range(min(events, self._limits.of)):
            self._add(refused=False)

    def refused(self) -> None:
        """An event is going to be dead-lettered."""
        self._add(refused=True)

    def _add(self, *, refused: bool) -> None:
        if len(self._last) == self._limits.of:
            self._refused -= self._last[0]
        self._last.append(refused)
        self._refused += refused
