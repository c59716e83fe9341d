"""A sink's task: an agent, opened anew after every error, for as long as it is wanted."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress

import structlog

from router.api import ConnectorError, Reason
from router.delivery.agent import SinkAgent
from router.fetching.states import State

_FIRST_RESTART_SECONDS = 1.0
_LAST_RESTART_SECONDS = 300.0
_MAX_DOUBLINGS = 10
_SETTLED_SECONDS = 60
_log = structlog.get_logger("router.control")


class SinkTask:
    """Runs once: `run` returns after `stop`.

    opened: opens the sink and makes an agent for it. state: where it is now. error: why it is FAILED; None when all is
    well. Errors of the target that pass are the agent's to wait for, and no state of the task.
    """

    def __init__(self, sink: str, opened: Callable[[], AbstractAsyncContextManager[SinkAgent]]) -> None:
        self._sink = sink
        self._opened = opened
        self._told = asyncio.Event()
        self._wanted = State.RUNNING
        self._failures = 0
        self.state = State.UNASSIGNED
        self.error: ConnectorError | None = None

    @property
    def trace(self) -> str:
        """The error in full; empty if there is none."""
        return "" if self.error is None else str(self.error)

    def pause(self) -> None:
        """Leave the group and let go of the sink, until `resume`."""
        self._tell(State.PAUSED)

    def resume(self) -> None:
        """Go on from the positions."""
        if self._wanted is State.PAUSED:
            self._tell(State.RUNNING)

    def restart(self) -> None:
        """Begin anew at once, also out of a wait after an error."""
        if self._wanted is State.RUNNING:
            self._failures = 0
            self._tell(State.RUNNING)

    def stop(self) -> None:
        """Let `run` return soon; writes under way may finish."""
        self._tell(State.STOPPED)

    async def run(self) -> None:
        """Run until stopped or cancelled; no error of the sink or the brokers ends it."""
        try:
            while self._wanted is not State.STOPPED:
                self._told.clear()
                if self._wanted is State.PAUSED:
                    self._enter(State.PAUSED)
                    await self._told.wait()
                else:
                    await self._live()
            self._enter(State.STOPPED)
        except asyncio.CancelledError:
            self._enter(State.UNASSIGNED)
            raise

    def _tell(self, wanted: State) -> None:
        if self._wanted is not State.STOPPED:
            self._wanted = wanted
            self._told.set()

    async def _live(self) -> None:
        """One agent, until it is told otherwise or fails; after a failure, the wait before the next one."""
        started = time.monotonic()
        try:
            async with self._opened() as agent:
                self._enter(State.RUNNING)
                await self._deliver(agent)
        except ConnectorError as error:
            await self._fail(error, started)
        except Exception as error:  # noqa: BLE001  the outermost loop of a sink: what nobody foresaw stops it
            _log.exception("sink met an unforeseen error", sink=self._sink)
            message = f"The sink met an unforeseen {type(error).__name__}."
            await self._fail(ConnectorError(Reason.INTERNAL_BUG, message), started)

    async def _deliver(self, agent: SinkAgent) -> None:
        running, told = asyncio.create_task(agent.run()), asyncio.create_task(self._told.wait())
        try:
            await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
            agent.stop()
            await running
        finally:
            told.cancel()
            running.cancel()
            await asyncio.wait({running})

    async def _fail(self, error: ConnectorError, started: float) -> None:
        if time.monotonic() - started > _SETTLED_SECONDS:
            self._failures = 0
        wait = min(_LAST_RESTART_SECONDS, _FIRST_RESTART_SECONDS * 2.0 ** min(self._failures, _MAX_DOUBLINGS))
        self._failures += 1
        self._enter(State.FAILED, error)
        _log.error(
            "sink failed, will restart",
            sink=self._sink,
            reason=error.reason,
            message=error.message,
            retry_in_seconds=wait,
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._told.wait()
        if self._wanted is State.RUNNING:
            self._enter(State.RESTARTING)

    def _enter(self, state: State, error: ConnectorError | None = None) -> None:
        self.error = error
        if state is not self.state:
            self.state = state
            _log.info("sink task", sink=self._sink, state=state)
