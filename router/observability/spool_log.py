"""What a spool tells, as metrics and log lines."""

import structlog

from router.ingress.spool.observer import ERRORS
from router.ingress.spool.recovery import Recovered
from router.observability.metrics import (
    SPOOL_BYTES,
    SPOOL_DRAINED,
    SPOOL_ERRORS,
    SPOOL_EVENTS,
    SPOOL_OLDEST,
    SPOOLED,
)

_log = structlog.get_logger("router.ingress")


class SpoolMetrics:
    """The observer of a process's spool."""

    def __init__(self) -> None:
        self._errors = {reason: SPOOL_ERRORS.labels(reason) for reason in ERRORS}
        self._events = 0
        self._last_failure: str | None = None

    def recovered(self, found: Recovered, events: int) -> None:
        """The spool was opened."""
        if events:
            _log.info("spool has events to drain", events=events, segments=len(found.sizes))
        if found.torn_bytes:
            self._errors["torn"].inc()
            _log.warning("the end of an interrupted write was cut off the spool", bytes=found.torn_bytes)
        for damage in found.damaged:
            self._errors["corrupt"].inc()
            _log.error("spool is damaged, the rest of the segment is set aside", **damage._asdict())

    def holds(self, events: int, size: int, oldest: float | None) -> None:
        """What is in the spool now."""
        if bool(events) is not bool(self._events):
            _log.info("spool has events" if events else "spool is empty", events=events)
        self._events = events
        SPOOL_EVENTS.set(events)
        SPOOL_BYTES.set(size)
        SPOOL_OLDEST.set(oldest or 0)

    def spooled(self, events: int) -> None:
        """Events are durable in the spool."""
        SPOOLED.inc(events)

    def drained(self, events: int) -> None:
        """Events have left the spool for their topics."""
        SPOOL_DRAINED.inc(events)

    def failed(self, reason: str) -> None:
        """Something could not be done: logged once until the spool takes events again."""
        self._errors[reason].inc()
        if reason != self._last_failure:
            self._last_failure = reason
            _log.error("spool failed", reason=reason)

    def mended(self) -> None:
        """It takes events again."""
        self._last_failure = None
        _log.info("spool takes events again")
