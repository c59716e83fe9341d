"""The function sink: one call for each event, whose outcome decides what becomes of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.api import Batch, ConnectorError, Event, Reason
from sinks.function.config import FunctionConfig
from sinks.function.functions import Function, load


class FunctionSink:
    """Returning accepts the event. A ConnectorError is acted upon by its reason, any other error dead-letters."""

    def __init__(self, function: Function, timeout_seconds: float) -> None:
        self._function = function
        self._timeout_seconds = timeout_seconds

    async def write(self, batch: Batch) -> int:
        """Call the function for each event. Raises ConnectorError."""
        for event in batch.events:
            await self._call(event)
        return 0

    async def _call(self, event: Event) -> None:
        limit = asyncio.timeout(self._timeout_seconds)
        try:
            async with limit:
                await self._function(event)
        except ConnectorError:
            raise
        except Exception as error:  # noqa: BLE001  somebody else's code: whatever it raises is about this event
            # Without the cause, whose text may hold the event's data.
            raise _failure(error, timed_out=limit.expired()) from None


@asynccontextmanager
async def open_sink(config: FunctionConfig, name: str) -> AsyncIterator[FunctionSink]:  # noqa: ARG001  it has no state
    """The sink while the context lasts. Raises ConnectorError (CONFIG_INVALID)."""
    yield FunctionSink(load(config.function), config.timeout_seconds)


def _failure(error: Exception, *, timed_out: bool) -> ConnectorError:
    if timed_out:
        return ConnectorError(Reason.TARGET_TIMEOUT, "The function did not return in time.")
    return ConnectorError(Reason.HANDLER_FAILED, f"The function raised {type(error).__name__}.")
