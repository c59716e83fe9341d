"""A configuration's secrets in Vault: there before anything that needs them starts, and fresh as long as it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from router.api import Action, ConnectorError
from router.config.loaded import Loaded
from router.config.secrets import SecretStore
from router.delivery.backoff import Backoff
from router.runtime.topics import pause
from router.security.vault import Vault

_BACKOFF = Backoff(initial_seconds=0.5, max_seconds=10)
_log = structlog.get_logger("router.runtime")


class Secrets:
    """Nothing to do where the configuration has no `vault` section. vault: for connectors that are added later.

    store: the one that the configuration was loaded with; from now on it resolves references to Vault as well.
    """

    def __init__(self, loaded: Loaded, store: SecretStore) -> None:
        settings = loaded.pipeline.vault
        self.vault = None if settings is None else Vault(settings)
        self._references = [use.reference for use in loaded.secrets]
        if self.vault is not None:
            store.attach(self.vault)

    def waiting(self) -> dict[str, str]:
        """Why a secret in Vault has no value now, for readiness."""
        return {} if self.vault is None else self.vault.waiting()

    @asynccontextmanager
    async def available(self, stop: asyncio.Event | None = None) -> AsyncIterator[None]:
        """Read them, keep them fresh while the context lasts, and give back what was lent.

        stop: wait for Vault as long as it takes, until this is set; a secret that is not there is left to the
        connector that needs it. Without it, whatever is wrong is raised at once.
        Raises ConnectorError: SHUTDOWN once `stop` is set; without `stop` as Vault.prefetch.
        """
        if self.vault is None:
            yield
            return
        async with self.vault.running():
            if stop is None:
                await self.vault.prefetch(self._references)
            else:
                await self._read(self.vault, stop)
            yield

    async def _read(self, vault: Vault, stop: asyncio.Event) -> None:
        attempt = 0
        while True:
            try:
                await vault.prefetch(self._references)
            except ConnectorError as error:
                if error.action is Action.STOP:
                    _log.error("secret missing", reason=error.reason, message=error.message)
                    return
                attempt += 1
                seconds = _BACKOFF.seconds(error, attempt)
                _log.warning(
                    "waiting for vault",
                    reason=error.reason,
                    message=error.message,
                    retry_in_seconds=round(seconds, 2),
                )
            else:
                return
            await pause(seconds, stop)
