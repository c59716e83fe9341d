"""A few connections that the partitions of a sink share, opened anew when they break."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psycopg

from router.api import ConnectorError, Reason
from sinks.postgres.errors import is_answer, is_loss, translate
from sinks.postgres.session import Session

T = TypeVar("T")


class Sessions:
    """At most `limit` sessions, of the present login only.

    login: user and password as they are now. timeout_seconds: after that long a session is given up.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Session]],
        login: Callable[[], tuple[str, str]],
        limit: int,
        timeout_seconds: float,
    ) -> None:
        self._connect = connect
        self._login = login
        self._slots = asyncio.Semaphore(limit)
        self._timeout_seconds = timeout_seconds
        self._idle: list[Session] = []

    async def run(self, work: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
        """Do the work with a session of its own.

        Raises ConnectorError, among them SINK_OUTCOME_UNKNOWN if the connection broke while it was committing;
        after any other, nothing of an open transaction remains. Errors that nobody foresaw are raised as they are.
        """
        async with self._slots:
            session = await self._session()
            async with self._kept(session):
                return await self._finish(work(session), session)

    async def close(self) -> None:
        """Disconnect all that are idle."""
        while self._idle:
            await self._idle.pop().close()

    async def _session(self) -> Session:
        """One that is idle, or a new one: a role that Vault has replaced will be dropped soon."""
        login = self._login()
        while self._idle:
            session = self._idle.pop()
            if session.login == login:
                return session
            await session.close()
        return await self._connect()

    @asynccontextmanager
    async def _kept(self, session: Session) -> AsyncIterator[None]:
        """Translate errors; keep the session for the next unless it is broken."""
        try:
            yield
        except psycopg.Error as error:
            translated = self._lost(session) if is_loss(error) else translate(error)
            await self._recover(session, broken=not is_answer(error))
            if translated is None:
                raise
            # Without the cause: its detail may hold values.
            raise translated from None
        except BaseException:
            await self._recover(session, broken=session.hung_up)
            raise
        self._idle.append(session)

    def _lost(self, session: Session) -> ConnectorError:
        if session.committing:
            return ConnectorError(Reason.SINK_OUTCOME_UNKNOWN, "The connection broke before the commit was answered.")
        if session.hung_up:
            return ConnectorError(Reason.TARGET_TIMEOUT, f"PostgreSQL took over {self._timeout_seconds:g} s.")
        return ConnectorError(Reason.TARGET_UNREACHABLE, "The connection to PostgreSQL broke.")

    async def _recover(self, session: Session, *, broken: bool) -> None:
        session.committing = False
        try:
            if not broken:
                await self._finish(session.roll_back(), session)
        except psycopg.Error:
            broken = True
        except asyncio.CancelledError:
            await session.close()
            raise
        if broken:
            await session.close()
        else:
            self._idle.append(session)

    async def _finish(self, work: Coroutine[Any, Any, T], session: Session) -> T:
        """Await the work, but hang up when it takes too long or is cancelled: a server that hangs answers nothing.

        psycopg itself would ask the server to cancel, and wait for it.
        """
        task = asyncio.create_task(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=self._timeout_seconds)
            if not done:
                session.hang_up()
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            session.hang_up()
            await asyncio.wait({task})
            task.exception()
            raise
