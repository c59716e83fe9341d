"""A task that this worker has: made from its entry, kept as it is wanted, and made anew if it ends by itself."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from router.api import ConnectorError, Reason
from router.config.faults import ConfigError
from router.control.records import Entry, Restart, TaskId
from router.control.tasks import Task
from router.delivery.backoff import Backoff
from router.fetching.states import State

_BACKOFF = Backoff(initial_seconds=0.5, max_seconds=30)
_TAKEN_OVER_SECONDS = 5.0
"""Somebody else ran it, though it is ours: whoever has to let go needs a moment."""

_log = structlog.get_logger("router.control")

Make = Callable[[str, Entry], Awaitable[Task]]
"""Makes a task. Raises ConfigError for bad settings, and ConnectorError for what is away."""


class HeldTask:
    """`run` returns after `stop` only. restart_seen: the last order to restart that has been followed."""

    def __init__(self, task: TaskId, entry: Entry, make: Make, restart_seen: Restart | None) -> None:
        self.entry = entry
        self.restart_seen = restart_seen
        self.running: asyncio.Task[None] | None = None
        self._name, self._number = task
        self._make = make
        self._task: Task | None = None
        self._trace = ""
        self._state = State.UNASSIGNED
        self._is_paused = False
        self._is_stopping = False
        self._told = asyncio.Event()

    @property
    def state(self) -> State:
        """Where it is now."""
        if self._task is None:
            return State.PAUSED if self._is_paused and self._state is State.UNASSIGNED else self._state
        return self._task.state

    @property
    def trace(self) -> str:
        """What is wrong, in full; empty if nothing is."""
        return self._trace if self._task is None else self._task.trace

    @property
    def is_stopping(self) -> bool:
        """Whether it has been told to stop."""
        return self._is_stopping

    def start(self, ended: Callable[[], None]) -> None:
        """Run it beside the caller. ended: called at its end."""
        self.running = asyncio.create_task(self.run())
        self.running.add_done_callback(lambda _: ended())

    def want(self, *, paused: bool) -> None:
        """Have it paused, or running."""
        if paused == self._is_paused:
            return
        self._is_paused = paused
        if self._task is not None:
            self._follow(self._task)

    def restart(self) -> None:
        """Begin anew at once, also with settings that were bad."""
        if self._task is None:
            self._told.set()
        else:
            self._task.restart()

    def stop(self) -> None:
        """Let `run` return soon."""
        self._is_stopping = True
        self._told.set()
        if self._task is not None:
            self._task.stop()

    async def run(self) -> None:
        """Keep the task going; no error ends this."""
        attempt = 0
        while not self._is_stopping:
            self._told.clear()
            try:
                task = await self._make(self._name, self.entry)
            except ConfigError as error:
                self._failed(Reason.CONFIG_INVALID, str(error))
                await self._pause(None)
            except ConnectorError as error:
                attempt += 1
                self._failed(error.reason, str(error))
                await self._pause(_BACKOFF.seconds(error, attempt))
            except Exception as error:  # noqa: BLE001  a connector's own checks: one that breaks must break itself only
                _log.exception("connector not made", connector=self._name, task=self._number)
                self._failed(Reason.INTERNAL_BUG, f"{Reason.INTERNAL_BUG}: {type(error).__name__}")
                await self._pause(None)
            else:
                attempt = 0
                await self._run(task)

    async def _run(self, task: Task) -> None:
        self._task, self._trace, self._state = task, "", State.RESTARTING
        if not self._is_stopping:
            self._follow(task)
            await task.run()
        self._task = None
        if not self._is_stopping:
            await self._pause(_TAKEN_OVER_SECONDS)

    def _follow(self, task: Task) -> None:
        if self._is_paused:
            task.pause()
        else:
            task.resume()

    def _failed(self, reason: Reason, trace: str) -> None:
        if self._trace != trace:
            _log.error("connector not started", connector=self._name, task=self._number, reason=reason, message=trace)
        self._state, self._trace = State.FAILED, trace

    async def _pause(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._told.wait()
        except TimeoutError:
            return
