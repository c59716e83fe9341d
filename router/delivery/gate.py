"""Before a sink's target: who may call it now. One for all partitions of a sink's task."""

import asyncio
from collections import deque
from collections.abc import Callable
from math import inf

from router.api import ConnectorError, ErrorClass
from router.delivery.breaker import Breaker
from router.delivery.concurrency import Concurrency
from router.delivery.pace import Pace

_OF_THE_TARGET = (ErrorClass.TRANSIENT_TARGET, ErrorClass.RATE_LIMITED)
_OF_OURS = (ErrorClass.INDETERMINATE, ErrorClass.FENCED, ErrorClass.CANCELLED, ErrorClass.INTERNAL_BUG)


class Gate:
    """Calls pass in the order in which they come, when breaker, concurrency and pace let them.

    Whoever has passed says how it went: `succeeded`, `failed` or `abandoned`. pace: None for none. left_alone: told
    when the breaker opens (True) and closes.
    """

    def __init__(
        self, breaker: Breaker, concurrency: Concurrency, pace: Pace | None, left_alone: Callable[[bool], None]
    ) -> None:
        self._breaker = breaker
        self._concurrency = concurrency
        self.pace = pace
        self._left_alone = left_alone
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[asyncio.Future[bool], int]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether a call would pass at once."""
        return not self._queue and self._seconds() <= 0

    def enter(self, events: int) -> bool:
        """Pass now, since it is open. Returns what must be given back to say how it went."""
        self._concurrency.enter()
        if self.pace is not None:
            self.pace.take(events)
        return self._breaker.enter()

    async def turn(self, events: int) -> bool:
        """Wait for one's turn and pass. Returns what must be given back to say how it went."""
        future: asyncio.Future[bool] = self._loop.create_future()
        self._queue.append((future, events))
        self._serve()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.abandoned(future.result())
            raise

    def succeeded(self, probe: bool) -> None:
        """The target has taken the events, or has said what is wrong with them."""
        before = self._breaker.is_open
        self._breaker.succeeded(probe=probe)
        if before and not self._breaker.is_open:
            self._left_alone(False)
        self._concurrency.succeeded()
        self._leave()

    def failed(self, probe: bool, error: ConnectorError) -> None:
        """The call raised. What is the record's fault, or the configuration's, is an answer all the same."""
        if error.error_class in _OF_THE_TARGET:
            now = self._loop.time()
            before = self._breaker.is_open
            self._breaker.failed(now, probe=probe, retry_after_seconds=error.retry_after_seconds)
            self._concurrency.overloaded(now)
            if self._breaker.is_open and not before:
                self._left_alone(True)
            self._leave()
        elif error.error_class in _OF_OURS:
            self.abandoned(probe)
        else:
            self.succeeded(probe)

    def abandoned(self, probe: bool) -> None:
        """The call says nothing of the target."""
        self._breaker.abandoned(probe=probe)
        self._leave()

    def _leave(self) -> None:
        self._concurrency.leave()
        self._serve()

    def _seconds(self) -> float:
        """Until the next call may pass; infinite if another must end first."""
        if not self._concurrency.has_room:
            return inf
        now = self._loop.time()
        seconds = self._breaker.seconds(now)
        return seconds if self.pace is None else max(seconds, self.pace.seconds(now))

    def _serve(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            future, events = self._queue[0]
            if future.done():
                self._queue.popleft()
                continue
            seconds = self._seconds()
            if seconds > 0:
                if seconds < inf:
                    self._timer = self._loop.call_later(seconds, self._serve)
                return
            self._queue.popleft()
            future.set_result(self.enter(events))
