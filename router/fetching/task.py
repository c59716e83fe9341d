"""A source's task: runs it, by its schedule, for as long as it is wanted, and begins anew after every error."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from router.api import ConnectorConfig, ConnectorError, Reason, SourceConnector
from router.envelope.registry import Registry
from router.fetching.checkpoints import CheckpointStore, Scope
from router.fetching.emitter import Emitter
from router.fetching.observer import Emission, TaskObserver
from router.fetching.run import WAITS, run_source
from router.fetching.schedule import seconds_until_next
from router.fetching.session import Owner, open_session, patience
from router.fetching.settings import TaskSettings
from router.fetching.states import State
from router.fetching.streams import StreamStore
from router.fetching.way import way

IDLE_SECONDS = 300
"""Connections that would be idle for longer are closed until the next run."""
_SETTLED_SECONDS = 60
_FIRST_RESTART_SECONDS = 1.0
_LAST_RESTART_SECONDS = 300.0
_MAX_DOUBLINGS = 10

_log = structlog.get_logger("router.fetching")


class SourceTask:
    """Runs once: `run` returns after `stop`, or when somebody else has taken the task over.

    state: where it is now. error: why it is FAILED, or what it waits to try again; None when all is well.
    """

    def __init__(
        self,
        settings: TaskSettings,
        connector: SourceConnector,
        config: ConnectorConfig,
        registry: Registry,
        observer: TaskObserver,
    ) -> None:
        self._settings = settings
        self._connector = connector
        self._config = config
        self._observer = observer
        self._log = _log.bind(source=settings.source, task=settings.task)
        store = CheckpointStore(settings.bootstrap_servers, settings.pipeline)
        self._owner = Owner(settings.bootstrap_servers, settings.transactional_id, store)
        self._way = way(settings, connector, registry, store, Scope(settings.source))
        self._streams = StreamStore(settings.bootstrap_servers, settings.pipeline)
        self._is_described = False
        self._told = asyncio.Event()
        self._wanted = State.RUNNING
        self._attempts = 0
        self._failures = 0
        self.state = State.UNASSIGNED
        self.error: ConnectorError | None = None

    @property
    def trace(self) -> str:
        """The error as text, in full; empty if there is none."""
        return "" if self.error is None else str(self.error)

    @property
    def is_taken_over(self) -> bool:
        """Whether it has FAILED for good, since another process runs the source."""
        return self.state is State.FAILED and self.error is not None and self.error.reason is Reason.PRODUCER_FENCED

    def pause(self) -> None:
        """Cancel the run and let go of everything, until `resume`."""
        self._tell(State.PAUSED)

    def resume(self) -> None:
        """Go on from the checkpoints."""
        if self._wanted is State.PAUSED:
            self._tell(State.RUNNING)

    def restart(self) -> None:
        """Begin anew at once, also out of a wait after an error."""
        if self._wanted is State.RUNNING:
            self._failures = self._attempts = 0
            self._tell(State.RUNNING)

    def stop(self) -> None:
        """Let `run` return soon; a commit under way may finish."""
        self._tell(State.STOPPED)

    async def run(self) -> None:
        """Run until stopped, cancelled, or taken over by somebody else; no error of source or brokers ends it."""
        try:
            while self._wanted is not State.STOPPED and not self.is_taken_over:
                self._told.clear()
                if self._wanted is State.PAUSED:
                    self.error = None
                    self._enter(State.PAUSED)
                    await self._told.wait()
                else:
                    await self._until_told(self._keep())
                    if self.state is not State.FAILED and self._wanted is State.RUNNING:
                        self._enter(State.RESTARTING)
            if self._wanted is State.STOPPED:
                self.error = None
                self._enter(State.STOPPED)
        except asyncio.CancelledError:
            self._enter(State.UNASSIGNED)
            raise

    def _tell(self, wanted: State) -> None:
        if self._wanted is not State.STOPPED:
            self._wanted = wanted
            self._told.set()

    async def _until_told(self, life: Coroutine[Any, Any, None]) -> None:
        living = asyncio.create_task(life)
        told = asyncio.create_task(self._told.wait())
        try:
            await asyncio.wait({living, told}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            living.cancel()
            await asyncio.wait({living})
        if not living.cancelled():
            living.result()

    async def _keep(self) -> None:
        """One session after the other; returns when somebody else has taken over."""
        while True:
            try:
                if await self._is_superseded():
                    return
                if self.state is State.FAILED:
                    self._enter(State.RESTARTING)
                wait = await self._session()
            except ConnectorError as error:
                wait = self._after(error)
            except Exception as error:  # noqa: BLE001  the outermost loop of a source: what nobody foresaw stops it
                self._log.exception("source met an unforeseen error")
                message = f"The source met an unforeseen {type(error).__name__}."
                wait = self._after(ConnectorError(Reason.INTERNAL_BUG, message))
            await asyncio.sleep(wait)

    async def _is_superseded(self) -> bool:
        """Look, before taking the task again, whether it is still ours: two that take it in turn would not rest."""
        if not await self._owner.is_superseded():
            return False
        message = "Another process runs this source by now, so that it has stopped here."
        self.error = ConnectorError(Reason.PRODUCER_FENCED, message)
        self._observer.failed(self.error.reason)
        self._enter(State.FAILED)
        self._log.error("source taken over by another process, will not restart", reason=self.error.reason)
        return True

    async def _session(self) -> float:
        """Run for as long as it goes well; returns after how many seconds the next session should begin."""
        async with (
            open_session(self._owner, self._way, self._committed) as emitter,
            self._connector.open(self._config, self._settings.source) as source,
        ):
            self._enter(State.RUNNING)
            describing = asyncio.create_task(self._describe())
            try:
                while True:
                    await self._run(source.run(emitter, dict(emitter.checkpoints)), emitter)
                    wait = seconds_until_next(self._settings.schedule)
                    if wait > IDLE_SECONDS:
                        return wait
                    await asyncio.sleep(wait)
            finally:
                describing.cancel()

    async def _describe(self) -> None:
        """Note what the streams look like, once in a task's life; no data waits for it, nor ends with it."""
        if self._is_described:
            return
        try:
            streams = await self._connector.discover(self._config)
            for new in await self._streams.note(self._settings.source, streams):
                self._log.info("stream described", stream=new.stream, version=new.version, fields=len(new.fields))
            self._is_described = True
        except ConnectorError as error:
            self._log.warning("streams not described", reason=error.reason, message=error.message)
        except Exception:  # noqa: BLE001  the outermost loop of a task beside the data, which must not end with it
            self._log.exception("streams not described")

    async def _run(self, run: Coroutine[Any, Any, None], emitter: Emitter) -> None:
        settled = asyncio.get_running_loop().call_later(_SETTLED_SECONDS, self._settle)
        try:
            await run_source(run, emitter)
        finally:
            settled.cancel()
        self._settle()

    def _settle(self) -> None:
        """A run has come to its end, or has lasted: what failed before is over."""
        self._failures = 0
        self._recover()

    def _recover(self) -> None:
        self._attempts = 0
        if self.error is not None:
            self._log.info("source recovered", reason=self.error.reason)
            self.error = None

    def _committed(self, emission: Emission) -> None:
        self._recover()
        self._observer.committed(emission)

    def _after(self, error: ConnectorError) -> float:
        """Note the error; returns how many seconds to wait before the next session."""
        known = self.error is not None and self.error.reason is error.reason
        self.error = error
        self._observer.failed(error.reason)
        if error.action in WAITS:
            self._attempts += 1
            wait = patience(error, self._settings.backoff.seconds(error, self._attempts))
            if not known:
                self._log.warning(
                    "source failing, will retry",
                    reason=error.reason,
                    message=error.message,
                    retry_in_seconds=round(wait, 2),
                )
            return wait
        self._failures += 1
        wait = min(_LAST_RESTART_SECONDS, _FIRST_RESTART_SECONDS * 2.0 ** min(self._failures - 1, _MAX_DOUBLINGS))
        self._enter(State.FAILED)
        self._log.error(
            "source failed, will restart", reason=error.reason, message=error.message, retry_in_seconds=wait
        )
        return wait

    def _enter(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._observer.state(state)
            self._log.info("source state", state=state)
