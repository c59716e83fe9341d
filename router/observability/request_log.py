"""Counts requests, and logs refusals at a bounded rate: an attacker must not fill the disk."""

import time
from collections.abc import Mapping

import structlog

from router.api import Reason
from router.ingress.observer import UNKNOWN_ENDPOINT
from router.observability.metrics import SourceMetrics

MAX_LINES_PER_SECOND = 10
_log = structlog.get_logger("router.ingress")


class IngressObservers:
    """The ingress server's observer: metrics for each request, log lines for refusals."""

    def __init__(self, metrics: Mapping[str, SourceMetrics]) -> None:
        self._metrics = dict(metrics) | {UNKNOWN_ENDPOINT: SourceMetrics(UNKNOWN_ENDPOINT)}
        self._second = 0
        self._lines = 0

    def of(self, endpoint: str) -> SourceMetrics:
        """The metrics of an endpoint, which may be a new one."""
        return self._metrics.setdefault(endpoint, SourceMetrics(endpoint))

    def accepted(self, endpoint: str, seconds: float, size: int) -> None:
        """A request was answered with 2xx."""
        self._metrics[endpoint].accepted(seconds, size)

    def refused(self, endpoint: str, reason: Reason) -> None:
        """A request was refused."""
        metrics = self._metrics.get(endpoint) or self._metrics[UNKNOWN_ENDPOINT]
        metrics.refused(reason)
        if self._may_log():
            _log.info("request refused", endpoint=endpoint, reason=reason)

    def failed(self, endpoint: str, error: Exception) -> None:
        """An unforeseen error: logged with where it happened, without the request."""
        self.refused(endpoint, Reason.INTERNAL_BUG)
        if self._may_log():
            _log.error("request met an unforeseen error", endpoint=endpoint, exc_info=error)

    def _may_log(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        return self._lines <= MAX_LINES_PER_SECOND
