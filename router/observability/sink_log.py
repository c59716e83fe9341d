"""Logs a sink's life: the first failure of a row, the recovery, the end; not every record."""

import structlog

from router.api import Reason

_log = structlog.get_logger("router.delivery")


class SinkLog:
    """A `DeliveryObserver` that writes log lines."""

    def __init__(self, sink: str) -> None:
        self._sink = sink
        self._failing: Reason | None = None

    def delivered(self, events: int, duplicates: int, seconds: float) -> None:  # noqa: ARG002  the metrics count
        """The sink took a batch."""
        if self._failing is not None:
            _log.info("sink recovered", sink=self._sink, reason=self._failing)
            self._failing = None

    def deduplicated(self, events: int) -> None:
        """Nothing to log: the metrics count."""

    def failed(self, reason: Reason, retry_in_seconds: float) -> None:
        """The first failure of each kind is logged; its repetitions are counted by the metrics."""
        if reason != self._failing:
            _log.warning(
                "sink failing, will retry", sink=self._sink, reason=reason, retry_in_seconds=round(retry_in_seconds, 2)
            )
            self._failing = reason

    def dead_lettered(self, reason: Reason) -> None:
        """A record is in the dead-letter topic."""
        _log.debug("record dead-lettered", sink=self._sink, reason=reason)

    def state(self, state: str) -> None:
        """The agent changed its state."""
        _log.info("sink state", sink=self._sink, state=state)

    def buffered(self, change: int) -> None:
        """Nothing to log."""

    def left_alone(self, is_left_alone: bool) -> None:
        """The circuit breaker before the target has opened or closed."""
        if is_left_alone:
            _log.warning("target left alone: it is tried by one call at a time", sink=self._sink)
        else:
            _log.info("target works again", sink=self._sink)
