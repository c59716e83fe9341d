"""A backfill: a part of a source's past read again, beside its task, and gone on with after an interruption."""

import asyncio
import json
from collections.abc import Callable
from hashlib import blake2b

import structlog

from router.api import BackfillSource, ConnectorConfig, ConnectorError, Reason, SourceConnector, Window
from router.envelope.registry import Registry
from router.fetching.checkpoints import CheckpointStore, Scope
from router.fetching.observer import Emission
from router.fetching.run import WAITS, run_source
from router.fetching.session import Owner, open_session, patience
from router.fetching.settings import TaskSettings
from router.fetching.way import way

_log = structlog.get_logger("router.fetching")


def backfill_id(window: Window) -> str:
    """The same for the same window, so that the same command goes on where it was interrupted."""
    return blake2b(json.dumps([window.start, window.end]).encode(), digest_size=8).hexdigest()


class Backfill:
    """Reads one window. Its checkpoints and its transactional id are its own, so that the source's task goes on.

    committed: told of every transaction.
    """

    def __init__(
        self,
        settings: TaskSettings,
        connector: SourceConnector,
        config: ConnectorConfig,
        registry: Registry,
        window: Window,
        committed: Callable[[Emission], None],
    ) -> None:
        self._settings = settings
        self._connector = connector
        self._config = config
        self._window = window
        self._committed = committed
        self._attempts = 0
        self._scope = Scope(settings.source, backfill_id(window))
        self._store = CheckpointStore(settings.bootstrap_servers, settings.pipeline)
        self._owner = Owner(settings.bootstrap_servers, settings.backfill_transactional_id, self._store)
        self._way = way(settings, connector, registry, self._store, self._scope)

    async def run(self) -> bool:
        """Read to the end of the window; True if an earlier, interrupted run was gone on with.

        Raises ConnectorError: USAGE if the source cannot read its past again, PRODUCER_FENCED if another backfill of
        the source has been started, and what waiting does not mend.
        """
        while not await self._is_superseded():
            try:
                return await self._session()
            except ConnectorError as error:
                if error.action not in WAITS:
                    raise
                await self._pause(error)
        message = "Another backfill of this source has been started meanwhile."
        raise ConnectorError(Reason.PRODUCER_FENCED, message, fix="Let it end, then give the command again.")

    async def _is_superseded(self) -> bool:
        while True:
            try:
                return await self._owner.is_superseded()
            except ConnectorError as error:
                if error.action not in WAITS:
                    raise
                await self._pause(error)

    async def _session(self) -> bool:
        async with (
            open_session(self._owner, self._way, self._note) as emitter,
            self._connector.open(self._config, self._settings.source) as source,
        ):
            if not isinstance(source, BackfillSource):
                raise cannot(self._settings.source, self._connector)
            is_resumed = bool(emitter.checkpoints)
            await run_source(source.backfill(emitter, dict(emitter.checkpoints), self._window), emitter)
            await emitter.forget()
        return is_resumed

    def _note(self, emission: Emission) -> None:
        self._attempts = 0
        self._committed(emission)

    async def _pause(self, error: ConnectorError) -> None:
        self._attempts += 1
        seconds = patience(error, self._settings.backoff.seconds(error, self._attempts))
        _log.warning(
            "backfill failing, will retry",
            source=self._settings.source,
            reason=error.reason,
            message=error.message,
            retry_in_seconds=round(seconds, 2),
        )
        await asyncio.sleep(seconds)


def cannot(source: str, connector: SourceConnector) -> ConnectorError:
    """The error of a source that reads forward only."""
    message = f"The source {source} ({connector.name}) cannot read its past again."
    return ConnectorError(Reason.USAGE, message, fix="Its connector has no backfill; see its documentation.")
