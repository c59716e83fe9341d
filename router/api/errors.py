"""The errors that a connector raises and the runtime acts upon."""

from collections.abc import Mapping

from router.api.reasons import SPECS, Action, ErrorClass, Reason, ReasonSpec


class ConnectorError(Exception):
    """An error with a stable reason; what the runtime does follows from the reason alone (see taxonomy.toml).

    message: for people, and free of payloads and secrets, since it is logged, shown and written to dead letters.
    fix: what the reader can do about it, in one sentence.
    retry_after_seconds: how long the other side asked us to wait (Retry-After), if it did.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        fix: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.fix = fix
        self.retry_after_seconds = retry_after_seconds

    @property
    def spec(self) -> ReasonSpec:
        """What the taxonomy says of the reason."""
        return SPECS[self.reason]

    @property
    def error_class(self) -> ErrorClass:
        """The class of the reason."""
        return self.spec.error_class

    @property
    def action(self) -> Action:
        """What the runtime does about it."""
        return self.spec.action

    def __str__(self) -> str:
        text = f"{self.reason}: {self.message}"
        return f"{text} ({self.fix})" if self.fix else text


class RecordsRefusedError(Exception):
    """Raised by a sink that has written **nothing** of a batch, because it refuses some of its records.

    refused: the error of each refused record, by its index in the batch. The runtime acts on each by its
    reason and offers the others again.
    """

    def __init__(self, refused: Mapping[int, ConnectorError]) -> None:
        super().__init__(f"{len(refused)} records refused")
        self.refused = refused
