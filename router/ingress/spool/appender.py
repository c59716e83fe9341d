"""The appender: one write and one fsync for all who wait."""

import asyncio
import errno
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

from router.api import ConnectorError, Reason
from router.ingress.spool.contents import Contents
from router.ingress.spool.entry import Entry, encode
from router.ingress.spool.frame import framed
from router.ingress.spool.observer import SpoolObserver
from router.ingress.spool.segment import SegmentWriter

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_RETURN_SECONDS = 5


class _Waiting(NamedTuple):
    data: bytes
    entries: Sequence[Entry]
    future: asyncio.Future[None]


class Appender:
    """Appends events. trouble: why it could not the last time (SPOOL_FULL, DISK_FULL, SPOOL_UNAVAILABLE), or None.

    disk: does one thing after the other, beside the event loop. appended: set whenever there is more to drain.
    """

    def __init__(
        self, contents: Contents, writer: SegmentWriter, disk: Executor, max_bytes: int, observer: SpoolObserver
    ) -> None:
        self._contents = contents
        self._writer = writer
        self._disk = disk
        self._max_bytes = max_bytes
        self._observer = observer
        self._waiting: list[_Waiting] = []
        self._committing: asyncio.Task[None] | None = None
        self._reserved = 0
        self.trouble: Reason | None = None
        self.appended = asyncio.Event()

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits."""
        return not self._waiting and self._committing is None

    async def append(self, appended: Sequence[Entry]) -> None:
        """Return when all are durable. Raises ConnectorError: SPOOL_FULL, DISK_FULL, SPOOL_UNAVAILABLE, ENCODE_FAILED.

        After an error some may be in the spool all the same, if the disk does not even forget.
        """
        data = b"".join([framed(encode(entry)) for entry in appended])
        if self._reserved + self._contents.size + len(data) > self._max_bytes:
            self.trouble = Reason.SPOOL_FULL
            self._observer.failed("full")
            message = "The brokers are away, and the spool is full."
            raise ConnectorError(Reason.SPOOL_FULL, message, retry_after_seconds=_RETURN_SECONDS)
        self._reserved += len(data)
        self._contents.coming(appended)
        waiting = _Waiting(data, appended, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        # Who gives up waiting must not take the others' commit with it.
        await asyncio.shield(waiting.future)

    async def probe(self) -> None:
        """Find out whether the disk takes writes, so that nobody has to lose an event to know."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, self._writer.probe)
        except OSError as error:
            self._failure(error)
        else:
            self._works()

    def freed(self) -> None:
        """There is more room than there was."""
        if self.trouble is Reason.SPOOL_FULL:
            self._mend()

    async def close(self) -> None:
        """Finish what is being appended."""
        if self._committing is not None:
            await self._committing

    async def _commit(self) -> None:
        """Write until nobody waits: everybody who came during one fsync shares the next."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting, []
            data = b"".join([one.data for one in group])
            try:
                number, size = await loop.run_in_executor(self._disk, self._writer.commit, data)
            except OSError as error:
                self._fail(group, self._failure(error))
            else:
                self._contents.resize(number, size)
                self._succeed(group)
            self._contents.tell()
        self._committing = None

    def _succeed(self, group: Sequence[_Waiting]) -> None:
        self._works()
        for waiting in group:
            self._reserved -= len(waiting.data)
            self._contents.appended(waiting.entries)
            self._observer.spooled(len(waiting.entries))
            if not waiting.future.cancelled():
                waiting.future.set_result(None)
        self.appended.set()

    def _fail(self, group: Sequence[_Waiting], error: ConnectorError) -> None:
        for waiting in group:
            self._reserved -= len(waiting.data)
            self._contents.gone(waiting.entries)
            if not waiting.future.cancelled():
                waiting.future.set_exception(error)
                # Whoever was cancelled meanwhile does not ask for it.
                waiting.future.exception()

    def _failure(self, error: OSError) -> ConnectorError:
        if error.errno in _FULL:
            self.trouble = Reason.DISK_FULL
            self._observer.failed("disk_full")
            return ConnectorError(Reason.DISK_FULL, "The spool's disk is full.", retry_after_seconds=_RETURN_SECONDS)
        self.trouble = Reason.SPOOL_UNAVAILABLE
        self._observer.failed("disk_error")
        return ConnectorError(Reason.SPOOL_UNAVAILABLE, f"The spool cannot be written ({error.strerror}).")

    def _works(self) -> None:
        """The disk took a write, which says nothing of a spool that is full."""
        if self.trouble is not None and self.trouble is not Reason.SPOOL_FULL:
            self._mend()

    def _mend(self) -> None:
        self.trouble = None
        self._observer.mended()
