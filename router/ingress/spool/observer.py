"""What a spool tells: the metrics and the log listen."""

from typing import Protocol

from router.ingress.spool.recovery import Recovered


class SpoolObserver(Protocol):
    """Is told of everything that happens to a spool."""

    def recovered(self, found: Recovered, events: int) -> None:
        """The spool was opened."""

    def holds(self, events: int, size: int, oldest: float | None) -> None:
        """What is in the spool now. size: bytes on the disk. oldest: when its oldest event was accepted."""

    def spooled(self, events: int) -> None:
        """Events are durable in the spool."""

    def drained(self, events: int) -> None:
        """Events have left the spool for their topics."""

    def failed(self, reason: str) -> None:
        """Something could not be done: one of ERRORS."""

    def mended(self) -> None:
        """It takes events again."""


ERRORS = ("full", "disk_full", "disk_error", "torn", "corrupt", "refused", "blocked")
