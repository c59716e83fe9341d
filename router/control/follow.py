"""Follow a compacted topic: what it says is always at hand, as fresh as the brokers let it be."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Generic, Self, TypeVar

from router.kafka.consumer import Consumed
from router.kafka.tail import Tail

T = TypeVar("T")


class Follow(Generic[T]):
    """An async context manager. While the brokers are away it goes on showing what it knew.

    fold: what the records say, of which there is one for each key.
    """

    def __init__(self, bootstrap_servers: str, topic: str, fold: Callable[[Iterable[Consumed]], T]) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._topic = topic
        self._fold = fold
        self._records: dict[bytes | None, Consumed] = {}
        self._changed: list[asyncio.Future[None]] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.current = fold(())
        self.caught_up = False

    async def changed(self) -> None:
        """Return as soon as `current` or `caught_up` is another than when this was called."""
        future = asyncio.get_running_loop().create_future()
        self._changed.append(future)
        try:
            await future
        finally:
            if future in self._changed:
                self._changed.remove(future)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        # A daemon, since a client that looks for its brokers must not hold the process up at its end.
        self._thread = threading.Thread(target=self._run, args=(loop,), name=f"follow-{self._topic}", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        tail = Tail(self._bootstrap_servers, self._topic)
        told = False
        while not self._stopping.is_set():
            records = tail.read()
            if records or tail.is_caught_up != told:
                told = tail.is_caught_up
                for record in records:
                    self._keep(record)
                current = self._fold(self._records.values())
                with suppress(RuntimeError):  # the loop is closed: nobody listens any longer
                    loop.call_soon_threadsafe(self._show, current, told)
        tail.close()

    def _keep(self, record: Consumed) -> None:
        if record.value is None:
            self._records.pop(record.key, None)
        else:
            self._records[record.key] = record

    def _show(self, current: T, caught_up: bool) -> None:
        self.current, self.caught_up = current, caught_up
        waiting, self._changed = self._changed, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
