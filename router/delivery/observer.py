"""The moments in an event's delivery that somebody may want to watch."""

from typing import Protocol

from router.api import Reason


class DeliveryObserver(Protocol):
    """Told of what happens to a sink's events; must return at once and never raise."""

    def delivered(self, events: int, duplicates: int, seconds: float) -> None:
        """A write returned: so many events, of which so many were there already."""
        ...

    def deduplicated(self, events: int) -> None:
        """Events were not offered to the sink, because it has accepted their idempotency key before."""
        ...

    def failed(self, reason: Reason, retry_in_seconds: float) -> None:
        """A write raised, and will be repeated."""
        ...

    def dead_lettered(self, reason: Reason) -> None:
        """A record is in the dead-letter topic."""
        ...

    def state(self, state: str) -> None:
        """The agent is `running`, `stopped` or `failed`; between `failed` and `delivered` it is `paused`."""
        ...

    def buffered(self, change: int) -> None:
        """So many more (or fewer) events are held in memory."""
        ...

    def left_alone(self, is_left_alone: bool) -> None:
        """The target has failed so often in a row that it is tried by one call at a time, or works again."""
        ...


class Observers:
    """Several observers as one."""

    def __init__(self, *observers: DeliveryObserver) -> None:
        self._observers = observers

    def delivered(self, events: int, duplicates: int, seconds: float) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.delivered(events, duplicates, seconds)

    def deduplicated(self, events: int) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.deduplicated(events)

    def failed(self, reason: Reason, retry_in_seconds: float) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.failed(reason, retry_in_seconds)

    def dead_lettered(self, reason: Reason) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.dead_lettered(reason)

    def state(self, state: str) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.state(state)

    def buffered(self, change: int) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.buffered(change)

    def left_alone(self, is_left_alone: bool) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.left_alone(is_left_alone)
