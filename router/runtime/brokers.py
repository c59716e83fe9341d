"""Whether the brokers take events, as far as this process knows: while they do not, nobody waits for them."""

import structlog

from router.api import Action, ConnectorError, Reason
from router.observability.metrics import SPOOL_ERRORS

_log = structlog.get_logger("router.runtime")
_BLOCKED = SPOOL_ERRORS.labels("blocked")


class Brokers:
    """Away from the beginning, until topics and schemas are known to be there.

    blocked_by: what keeps events from their topics that waiting does not mend, such as PERMISSION_DENIED.
    """

    def __init__(self) -> None:
        self.are_away = True
        self.blocked_by: Reason | None = None

    def lost(self, reason: str) -> None:
        """Something was not acknowledged."""
        if not self.are_away:
            self.are_away = True
            _log.warning("brokers away, events go to the spool", reason=reason)

    def failed(self, error: ConnectorError) -> None:
        """Something that is tried again was not acknowledged. What waiting does not mend is said every time."""
        if error.action is Action.RETRY:
            self.lost(error.reason)
            return
        self.are_away = True
        self.blocked_by = error.reason
        _BLOCKED.inc()
        _log.error("spooled events cannot be published", reason=error.reason, error=error.message, fix=error.fix)

    def back(self) -> None:
        """Something was acknowledged."""
        self.blocked_by = None
        if self.are_away:
            self.are_away = False
            _log.info("brokers take events")
