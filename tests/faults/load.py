"""The senders: webhooks at a fixed rate, whatever becomes of them, each repeated under its id until it is accepted."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp

from tests.faults.events import Place, body, digest, identity, signed_headers
from tests.faults.promise import BrokenPromiseError

KEYS = 400
_TICK_SECONDS = 0.01
_PATIENCE_SECONDS = 15
_STALL_SECONDS = 60
_ACCEPTED = 202
_SERVER_ERROR = 500


@dataclass
class Ledger:
    """What the senders know.

    offered: the digest of everything sent at least once. accepted: when (monotonic seconds) the 202 came.
    refused: other answers by status. unanswered: requests without an answer.
    """

    offered: dict[Place, bytes] = field(default_factory=dict)
    accepted: dict[Place, float] = field(default_factory=dict)
    refused: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0


class Load:
    """Sends `rate` events a second, over `KEYS` keys.

    The rate does not yield to slow answers. A key's next event is sent once the one before is accepted, as a sender
    does who wants order; so the order of arrival must be the order of `seq`.
    """

    def __init__(self, url: str, run: str, rate: float, seed: int) -> None:
        self.ledger = Ledger()
        self._url = url
        self._run = run
        self._rate = rate
        self._random = random.Random(seed)  # noqa: S311  a test's randomness, to be repeated
        self._queues: list[asyncio.Queue[int]] = [asyncio.Queue() for _ in range(KEYS)]
        self._next = [0] * KEYS
        self._ended = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Ledger]:
        """Send while the context lasts, then until everything is accepted. Raises what stopped a sender."""
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=8)
        timeout = aiohttp.ClientTimeout(total=_PATIENCE_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            try:
                async with asyncio.TaskGroup() as group:
                    clock = group.create_task(self._keep_time())
                    senders = [group.create_task(self._send_key(session, key)) for key in range(KEYS)]
                    yield self.ledger
                    self._ended.set()
                    await clock
                    await self._drain()
                    for sender in senders:
                        sender.cancel()
            finally:
                self._ended.set()

    async def _drain(self) -> None:
        """Wait until everything is accepted, for as long as anything is."""
        offered = sum(self._next)
        accepted = -1
        while accepted < len(self.ledger.accepted):
            accepted = len(self.ledger.accepted)
            with suppress(TimeoutError):
                async with asyncio.timeout(_STALL_SECONDS):
                    await asyncio.gather(*[queue.join() for queue in self._queues])
                return
        answers = f"{self.ledger.unanswered} without an answer, {dict(self.ledger.refused)} by status"
        raise BrokenPromiseError(f"{offered - accepted} events are never accepted; attempts before: {answers}.")

    async def _keep_time(self) -> None:
        started = time.monotonic()
        issued = 0
        while not self._ended.is_set():
            due = int((time.monotonic() - started) * self._rate)
            for _ in range(due - issued):
                key = self._random.randrange(KEYS)
                self._queues[key].put_nowait(self._next[key])
                self._next[key] += 1
            issued = due
            await asyncio.sleep(_TICK_SECONDS)

    async def _send_key(self, session: aiohttp.ClientSession, key: int) -> None:
        queue = self._queues[key]
        while True:
            await self._send(session, Place(key, await queue.get()))
            queue.task_done()

    async def _send(self, session: aiohttp.ClientSession, place: Place) -> None:
        event_id = identity(self._run, place)
        content = body(self._run, place)
        self.ledger.offered[place] = digest(content)
        while True:
            if await self._is_accepted(session, event_id, content):
                break
            await asyncio.sleep(self._random.uniform(0.05, 0.25))
        self.ledger.accepted[place] = time.monotonic()

    async def _is_accepted(self, session: aiohttp.ClientSession, event_id: str, content: bytes) -> bool:
        headers = signed_headers(event_id, content, time.time())
        try:
            async with session.post(self._url, data=content, headers=headers) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            self.ledger.unanswered += 1
            return False
        if answer.status == _ACCEPTED:
            return True
        self.ledger.refused[answer.status] += 1
        if answer.status < _SERVER_ERROR:
            raise BrokenPromiseError(f"The ingress refused a good event with {answer.status}.")
        return False
