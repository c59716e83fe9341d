"""Vault as the store behind `${vault:mount/path#field}`: read ahead, kept fresh, and given back."""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar

import structlog

from router.api import Action, ConnectorError, Reason
from router.config.names import vault_place
from router.config.vault import VaultSettings
from router.delivery.backoff import Backoff
from router.security.client import Client
from router.security.lease import Lease
from router.security.login import Login
from router.security.methods import method
from router.security.reader import Reader
from router.security.values import Values
from router.security.watched import Watched

_AGAIN = Backoff(initial_seconds=0.5, max_seconds=10)
_CLOSE_SECONDS = 10
_SHORTEST_SECONDS = 0.1
_AWAY = ConnectorError(Reason.SECRET_UNAVAILABLE, "Vault is away.")
_log = structlog.get_logger("router.security")
T = TypeVar("T")


class Vault:
    """Knows the values of the references that it was asked to prefetch, and nothing else of Vault.

    A value without a lease is read again every `refresh_seconds` and stays valid while Vault is away; a dynamic one
    ends with its lease, or with the token that it hangs on. Nothing is asked of Vault before the first `prefetch`.
    Belongs to one event loop. clock: monotonic seconds.
    """

    def __init__(self, settings: VaultSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._refresh_seconds = settings.refresh_seconds
        self._clock = clock
        self._client = Client(settings)
        self._login = Login(method(settings.auth), self._client, clock)
        self._reader = Reader(self._client, self._login, clock)
        self._values = Values(clock)
        # One thread: neither the connection nor the login is made for several.
        self._thread = ThreadPoolExecutor(1, "vault")
        self._one_at_a_time = asyncio.Lock()
        self._wanted_more = asyncio.Event()
        self._paths: dict[str, Watched] = {}
        self._superseded: list[Lease] = []
        self._unwanted: list[Lease] = []
        self._is_away = False

    def __repr__(self) -> str:
        return "Vault()"

    def resolve(self, reference: str) -> str:
        """The value now: a dictionary lookup.

        Raises ConnectorError: SECRET_UNAVAILABLE if it has not been prefetched, or its lease has ended;
        SECRET_NOT_FOUND, SECRET_UNUSABLE, PERMISSION_DENIED as Vault said when it was read last.
        """
        return self._values.get(reference)

    def waiting(self) -> dict[str, str]:
        """Why a secret has no value now, for readiness; empty if all have one."""
        reason = self._values.missing()
        return {} if reason is None else {"vault": reason}

    async def prefetch(self, references: Iterable[str]) -> None:
        """Read what these references point at, and watch it from now on; those to other stores are left alone.

        Raises ConnectorError after having tried all: first of all one that waiting may mend. What has failed stays
        watched, so that it gets its value as soon as Vault gives it.
        """
        places = {name: vault_place(name) for name in references if name.startswith("${vault:")}
        for reference, place in places.items():
            self._paths.setdefault(place.path, Watched(place.path)).references[reference] = place.field
        if not places:
            return
        self._publish()
        paths = {place.path for place in places.values()}
        async with self._one_at_a_time:
            new = [watched for path, watched in self._paths.items() if path in paths and watched.reading is None]
            await self._read_all(new)
            self._publish()
        self._wanted_more.set()
        faults = [fault for reference in places if (fault := self._values.fault(reference)) is not None]
        for fault in sorted(faults, key=lambda fault: fault.action is Action.STOP):
            raise fault

    def keep_only(self, references: Iterable[str]) -> None:
        """Forget all other references. Leases that are not needed any more are revoked a moment later."""
        kept = set(references)
        for path, watched in list(self._paths.items()):
            watched.references = {name: place for name, place in watched.references.items() if name in kept}
            if not watched.references:
                del self._paths[path]
                self._unwanted += [watched.lease] if watched.lease else []
        self._publish()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the values fresh while the context lasts; at its end, what was lent is given back."""
        task = asyncio.create_task(self._refresh_forever())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self._close()

    async def _refresh_forever(self) -> None:
        failures = 0
        while True:
            # Not wait_for, which in Python 3.11 may swallow the cancellation that ends this loop.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_seconds(failures)):
                    await self._wanted_more.wait()
            self._wanted_more.clear()
            try:
                await self._refresh_due()
            except ConnectorError as error:
                failures += 1
                self._say_away(error)
            except Exception:  # noqa: BLE001
                # The outermost loop: whatever Vault answers, what is known stays valid until it ends.
                failures += 1
                _log.exception("vault gave an answer that nobody foresaw")
            else:
                failures = 0
                self._say_back()

    def _pause_seconds(self, failures: int) -> float:
        if failures:
            return _AGAIN.seconds(_AWAY, failures) + _SHORTEST_SECONDS
        dues = [watched.due_at(self._login.number) for watched in self._paths.values()]
        due_at = min([self._next_look(), *dues, *([self._login.due_at] if self._paths else [])])
        return max(due_at - self._clock(), _SHORTEST_SECONDS)

    def _next_look(self) -> float:
        # A little earlier each time, so that many processes do not ask at once.
        return self._clock() + self._refresh_seconds * random.uniform(0.9, 1)  # noqa: S311  not cryptography

    async def _refresh_due(self) -> None:
        async with self._one_at_a_time:
            if self._paths:
                await self._in_thread(self._login.keep)
            for watched in tuple(self._paths.values()):
                if watched.due_at(self._login.number) <= self._clock():
                    await self._refresh(watched)
            self._publish()
            await self._revoke(self._unwanted)
            self._unwanted.clear()

    async def _read_all(self, new: Iterable[Watched]) -> None:
        try:
            await self._in_thread(self._login.keep)
        except ConnectorError as error:
            for watched in new:
                watched.failed(error, self._clock())
            return
        for watched in new:
            await self._refresh(watched)

    async def _refresh(self, watched: Watched) -> None:
        """Read or renew one path. What goes wrong is kept with it."""
        before = watched.reading
        try:
            reading = await self._in_thread(partial(self._reader.refresh, watched.path, before))
        except ConnectorError as error:
            watched.failed(error, self._clock() + _AGAIN.seconds(error, watched.failures + 1))
            _log.warning("secret not refreshed", path=watched.path, reason=error.reason, message=error.message)
        else:
            if before is not None and before.fields != reading.fields:
                _log.info("secret changed", path=watched.path)
                self._supersede(before.lease)
            watched.succeeded(reading, self._next_look())

    def _supersede(self, lease: Lease | None) -> None:
        """Still in use by who logged in with it; given back at the end, unless it has ended by then."""
        now = self._clock()
        self._superseded = [known for known in self._superseded if known.term.ends_at > now]
        self._superseded += [lease] if lease else []

    def _publish(self) -> None:
        self._values.publish(self._paths.values(), self._ends_at)

    def _ends_at(self, watched: Watched) -> float:
        lease = watched.lease
        return math.inf if lease is None else min(lease.term.ends_at, self._login.ends_at(lease.token))

    async def _revoke(self, leases: Iterable[Lease]) -> None:
        for lease in leases:
            try:
                await self._in_thread(partial(self._reader.revoke, lease))
            except ConnectorError as error:
                _log.info("lease not revoked, it ends by itself", reason=error.reason)

    async def _give_back(self) -> None:
        if not self._login.owns_token:
            leases = [watched.lease for watched in self._paths.values() if watched.lease]
            await self._revoke([*leases, *self._superseded, *self._unwanted])
        await self._in_thread(self._login.end)

    async def _close(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._give_back()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _say_away(self, error: ConnectorError) -> None:
        if not self._is_away:
            _log.warning("vault is away, what is known stays in use", reason=error.reason, message=error.message)
        self._is_away = True

    def _say_back(self) -> None:
        if self._is_away:
            _log.info("vault is back")
        self._is_away = False
