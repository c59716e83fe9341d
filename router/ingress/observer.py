"""The moments of a request that somebody may want to watch."""

from typing import Protocol

from router.api import Reason

UNKNOWN_ENDPOINT = "(unknown)"
"""The name under which requests to a path that no endpoint has are counted."""


class IngressObserver(Protocol):
    """Told of every answer; must return at once and never raise."""

    def accepted(self, endpoint: str, seconds: float, size: int) -> None:
        """A request was answered with 2xx: its events are durable. seconds: since its head was complete."""
        ...

    def refused(self, endpoint: str, reason: Reason) -> None:
        """A request was refused."""
        ...

    def failed(self, endpoint: str, error: Exception) -> None:
        """An unforeseen error: the request was answered with 500 and promises nothing."""
        ...
