"""What an exception of aiohttp's client means to the runtime: the one place where they are translated."""

import aiohttp

from router.api import ConnectorError, Reason

# The first that matches, so from the special to the general.
_REASONS: tuple[tuple[type[Exception], Reason], ...] = (
    (TimeoutError, Reason.TARGET_TIMEOUT),
    (aiohttp.TooManyRedirects, Reason.TARGET_REDIRECTED),
    (aiohttp.RedirectClientError, Reason.TARGET_REDIRECTED),
    (aiohttp.InvalidURL, Reason.CONFIG_INVALID),
    (aiohttp.NonHttpUrlClientError, Reason.CONFIG_INVALID),
    (aiohttp.ClientResponseError, Reason.TARGET_5XX),
    (aiohttp.ClientError, Reason.TARGET_UNREACHABLE),
    (OSError, Reason.TARGET_UNREACHABLE),
)
TRANSLATED = (aiohttp.ClientError, TimeoutError, OSError)


def translate(error: aiohttp.ClientError | TimeoutError | OSError) -> ConnectorError:
    """The error in the runtime's words. The client's text is left out: it may repeat what was sent or received."""
    reason = next(reason for kind, reason in _REASONS if isinstance(error, kind))
    return ConnectorError(reason, f"The request did not come to an answer ({type(error).__name__}).")
