"""The spool of one process: what is appended to its directory is drained in the order of its files."""

import asyncio
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from router.api import ConnectorError, Reason
from router.ingress.spool.appender import Appender
from router.ingress.spool.batch import Batch, read_batch
from router.ingress.spool.contents import Contents
from router.ingress.spool.directory import SpoolDirectory
from router.ingress.spool.entry import Entry
from router.ingress.spool.frame import framed
from router.ingress.spool.keys import MAX_KEYS, OrderingKey
from router.ingress.spool.mark import Mark, Place
from router.ingress.spool.observer import SpoolObserver
from router.ingress.spool.recovery import Recovered, entries, recover
from router.ingress.spool.segment import SegmentWriter

SEGMENT_BYTES = 16_777_216
_REFUSED = "refused"


class Spool:
    """A directory's events. Belongs to one event loop, which never waits for the disk itself."""

    def __init__(
        self,
        directory: SpoolDirectory,
        max_bytes: int,
        observer: SpoolObserver,
        *,
        max_keys: int = MAX_KEYS,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        """Recover what is there; reads all of it. Raises ConnectorError: SPOOL_UNAVAILABLE."""
        self._directory = directory
        self._path = directory.path
        self._observer = observer
        self._mark = Mark(self._path / "mark")
        self._contents = Contents(observer, max_keys)
        self._disk = ThreadPoolExecutor(1, "spool")
        self._progress = asyncio.Event()
        try:
            found = self._recover()
        except OSError as error:
            message = f"The spool cannot be read ({error.strerror})."
            raise ConnectorError(Reason.SPOOL_UNAVAILABLE, message) from error
        self._damaged = {damage.segment for damage in found.damaged}
        last = max(self._place.segment, *found.sizes, 0)
        self._writer = SegmentWriter(self._path, last + 1, segment_bytes)
        self._appender = Appender(self._contents, self._writer, self._disk, max_bytes, observer)
        if found.sizes:
            self._appender.appended.set()
        self._contents.tell()

    def _recover(self) -> Recovered:
        self._place = self._mark.read()
        found = recover(self._path, self._place)
        for number, size in found.sizes.items():
            self._contents.resize(number, size)
        for entry in entries(self._path, found.sizes, self._place):
            self._contents.coming([entry])
            self._contents.appended([entry])
        self._observer.recovered(found, self.events)
        return found

    @property
    def is_empty(self) -> bool:
        """Whether everything is drained and nobody waits to append."""
        return not self._contents.sizes and self._appender.is_idle

    @property
    def events(self) -> int:
        """How many events are to be drained."""
        return self._contents.events

    @property
    def trouble(self) -> Reason | None:
        """Why it takes no events: SPOOL_FULL, DISK_FULL, SPOOL_UNAVAILABLE; None if it does, as far as is known."""
        return self._appender.trouble

    def holds(self, key: OrderingKey) -> bool:
        """Whether an event of this key may be in the spool, so that the next must go behind it."""
        return self._contents.holds(key)

    async def released(self, keys: Collection[OrderingKey], seconds: float) -> None:
        """Wait until the spool holds no event of these keys any more, but no longer than so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while any(self.holds(key) for key in keys):
                    await self._progress.wait()

    async def append(self, appended: Sequence[Entry]) -> None:
        """Return when all are durable. Raises ConnectorError: SPOOL_FULL, DISK_FULL, SPOOL_UNAVAILABLE, ENCODE_FAILED.

        After an error some may be in the spool all the same, if the disk does not even forget.
        """
        await self._appender.append(appended)

    async def probe(self) -> None:
        """Find out whether the disk takes writes; `trouble` is true to it then."""
        await self._appender.probe()

    async def batch(self, max_events: int) -> Batch:
        """What is to be drained next; waits until there is something. Raises OSError."""
        while True:
            await self._appender.appended.wait()
            number = next(iter(self._contents.sizes), None)
            if number is None:
                self._appender.appended.clear()
                continue
            start = Place(number, self._place.offset if number == self._place.segment else 0)
            size = self._contents.sizes[number]
            if start.offset < size:
                batch = await asyncio.to_thread(read_batch, self._path, start, size, max_events)
                if batch is not None:
                    return batch
                self._damage(start)
            await self._discard(number)

    def _damage(self, start: Place) -> None:
        """Of a segment that was good when it was written or recovered; what is behind is set aside with it."""
        self._contents.resize(start.segment, start.offset)
        self._damaged.add(start.segment)
        self._observer.failed("corrupt")

    async def consumed(self, batch: Batch) -> None:
        """The batch is durable elsewhere, and is not drained again. Raises OSError."""
        self._place = batch.end
        self._contents.drained(batch.entries)
        self._observer.drained(len(batch.entries))
        with suppress(OSError):  # such as of a full disk: an older mark costs repetitions only
            await asyncio.get_running_loop().run_in_executor(self._disk, self._mark.write, batch.end)
        if self._contents.sizes.get(batch.end.segment) == batch.end.offset:
            await self._discard(batch.end.segment)
        self._contents.tell()
        self._progress.set()
        self._progress = asyncio.Event()

    async def refuse(self, payloads: Sequence[bytes]) -> None:
        """Set aside what can never be published, in the directory `refused`. Raises OSError."""
        data = b"".join([framed(payload) for payload in payloads])
        writer = SegmentWriter(self._path / _REFUSED, time.time_ns(), SEGMENT_BYTES)
        await asyncio.get_running_loop().run_in_executor(self._disk, self._set_aside, writer, data)
        for _ in payloads:
            self._observer.failed("refused")

    def _set_aside(self, writer: SegmentWriter, data: bytes) -> None:
        (self._path / _REFUSED).mkdir(mode=0o700, exist_ok=True)
        try:
            writer.commit(data)
        finally:
            writer.close()

    async def _discard(self, number: int) -> None:
        keep = number in self._damaged
        size = self._contents.sizes[number]
        discard = self._writer.discard
        gone = await asyncio.get_running_loop().run_in_executor(self._disk, lambda: discard(number, size, keep=keep))
        if gone:
            self._contents.remove(number)
            self._damaged.discard(number)
            self._appender.freed()
        if self.is_empty:
            self._contents.clear()
            self._contents.tell()

    async def close(self) -> None:
        """Finish what is being appended; what is not drained stays for the next start."""
        await self._appender.close()
        self._disk.shutdown()
        self._writer.close()
        self._directory.close()
