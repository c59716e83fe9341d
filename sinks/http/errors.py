"""What an exception of the network means to the runtime: the one place where they are translated."""

import ssl

from router.api import ConnectorError, Reason


class AnswerError(Exception):
    """What came back is no answer in HTTP/1.1, or ended too early."""


# The first that matches, so from the special to the general.
_REASONS: tuple[tuple[type[Exception], Reason], ...] = (
    (TimeoutError, Reason.TARGET_TIMEOUT),
    (ssl.SSLError, Reason.TARGET_UNREACHABLE),
    (OSError, Reason.TARGET_UNREACHABLE),
    (AnswerError, Reason.TARGET_UNREACHABLE),
)
TRANSLATED = tuple(kind for kind, _ in _REASONS)


def translate(error: Exception) -> ConnectorError:
    """The error in the runtime's words. Its text is left out: it may repeat what was sent or received."""
    reason = next(reason for kind, reason in _REASONS if isinstance(error, kind))
    return ConnectorError(reason, f"The request did not come to an answer ({type(error).__name__}).")
