"""How long to wait before an attempt: exponential with full jitter, or as long as the other side says.

Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random
from dataclasses import dataclass

from router.api import Action, ConnectorError

MAX_RETRY_AFTER_SECONDS = 3_600
_MAX_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class Backoff:
    """initial_seconds doubles with every attempt up to max_seconds."""

    initial_seconds: float
    max_seconds: float

    def seconds(self, error: ConnectorError, attempt: int) -> float:
        """The wait after the given attempt (1, 2 …) has failed."""
        if error.retry_after_seconds is None and error.action is Action.PAUSE:
            return self.max_seconds * random.uniform(0.5, 1.0)  # noqa: S311  not cryptography
        return self.of(attempt, error.retry_after_seconds)

    def of(self, attempt: int, retry_after_seconds: float | None) -> float:
        """The same, where only the number of the attempt matters, and what the other side has asked for."""
        if retry_after_seconds is not None:
            wanted = min(retry_after_seconds, MAX_RETRY_AFTER_SECONDS)
            # Later than asked by up to a tenth, never earlier, so that not everybody comes back at once.
            return wanted * random.uniform(1.0, 1.1)  # noqa: S311  not cryptography
        ceiling = min(self.max_seconds, self.initial_seconds * 2 ** min(attempt - 1, _MAX_DOUBLINGS))
        return random.uniform(0, ceiling)  # noqa: S311  not cryptography
