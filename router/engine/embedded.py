"""Faust inside a process of ours: reads what is committed only, leaves signals, logging, topics and files alone."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, cast

import faust
import structlog
from faust.transport.drivers import aiokafka as driver

from router.api import Action, ConnectorError, Reason
from router.delivery.backoff import Backoff

_BACKOFF = Backoff(initial_seconds=0.5, max_seconds=10)
_STOP_SECONDS = 8
_LOST_POLLS = (3, 10, 30, 100, 300)
"""Of a second each. Behind the last record there may be nothing but marks, and then it is in vain each time."""
_log = structlog.get_logger("router.engine")


class EmbeddedApp(faust.App):
    """A Faust application whose tables are in memory and in changelog topics, which are made by us."""

    def __init__(
        self, name: str, bootstrap_servers: str, is_at_work: Callable[[], bool] = lambda: False, **settings: Any
    ) -> None:
        """is_at_work: whether an event is being handled, which is acknowledged afterwards."""
        self.is_at_work = is_at_work
        super().__init__(
            name,
            broker=[f"kafka://{server.strip()}" for server in bootstrap_servers.split(",")],
            store="memory://",
            web_enabled=False,
            # The topics are made before, with explicit settings.
            topic_allow_declare=False,
            topic_disable_leader=True,
            # A killed member's partitions are somebody else's after so long; Kafka's own default is 45.
            broker_session_timeout=6.0,
            broker_heartbeat_interval=2.0,
            broker_rebalance_timeout=10.0,
            broker_commit_interval=0.5,
            consumer_auto_offset_reset="earliest",
            # To wait at a stop for an event that nobody acknowledges would be to wait for ever.
            stream_wait_empty=False,
            **settings,
        )
        self._has_started = False

    @property
    def is_recovered(self) -> bool:
        """Whether the tables of the partitions that it has are complete."""
        return self._has_started and not self.should_stop and not self.rebalancing and not self.in_recovery

    async def on_started(self) -> None:
        """Return when the tables are complete."""
        await super().on_started()
        self._has_started = True

    async def on_first_start(self) -> None:
        """No directories: nothing is kept in files."""

    def _new_transport(self) -> driver.Transport:
        return _CommittedTransport(self.conf.broker_consumer, self)


async def run_embedded(app: EmbeddedApp, stop: asyncio.Event) -> None:
    """Run the application until `stop` is set; it ends within seconds.

    Raises ConnectorError (BROKER_UNAVAILABLE) if the application gave up: another one can go on where it was.
    """
    starting = asyncio.create_task(app.start())
    stopping = asyncio.create_task(stop.wait())
    ended = asyncio.create_task(_ended(app))
    try:
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            starting.result()
            await asyncio.wait([stopping, ended], return_when=asyncio.FIRST_COMPLETED)
    except ConnectorError:
        raise
    except Exception as error:  # Faust passes on whatever its client met
        raise _gave_up(error) from error
    finally:
        for task in (starting, stopping, ended):
            task.cancel()
        await _stop(app)
    if not stop.is_set():
        raise _gave_up(app.crash_reason)


async def keep_running(attempt: Callable[[], Awaitable[None]], name: str, stop: asyncio.Event) -> None:
    """Attempt it again and again, with a back-off, until `stop` is set.

    attempt: makes an application of its own, since one that has stopped cannot start again. Raises ConnectorError if
    waiting does not mend what it raised; a topic that does not exist yet is waited for.
    """
    failures = 0
    while not stop.is_set():
        started = time.monotonic()
        try:
            await attempt()
        except ConnectorError as error:
            if error.action is not Action.RETRY and error.reason is not Reason.TARGET_MISSING:
                raise
            failures = 1 if time.monotonic() - started > _BACKOFF.max_seconds else failures + 1
            _log.warning("stream application starts again", app=name, reason=error.reason, message=error.message)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _BACKOFF.seconds(error, failures))


async def _ended(app: EmbeddedApp) -> None:
    while not app.should_stop:  # noqa: ASYNC110  it may crash or stop, and has no one event for both
        await asyncio.sleep(0.1)


async def _stop(app: EmbeddedApp) -> None:
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            with suppress(asyncio.CancelledError):
                await app.stop()
    except TimeoutError:
        _log.warning("faust did not stop in time", app=app.conf.id)


def _gave_up(error: BaseException | None) -> ConnectorError:
    return ConnectorError(
        Reason.BROKER_UNAVAILABLE, f"The stream application stopped ({type(error).__name__ if error else 'no error'})."
    )


class _CommittedThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        # Faust reads what is not committed unless it writes transactions itself, and has no setting for it.
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001  read when the consumer starts
        return consumer


class _CommittedConsumer(driver.Consumer):
    """Faust's own, which drops what it has fetched when a rebalance or the end of a recovery comes in between.

    It then goes on behind that, and would even commit over it. So whatever does not follow what was handed on before is
    asked for once more from there. If there is still nothing, there is a gap in the log itself: offsets of
    transactions' marks and of aborted records, which no reader is given.

    It also empties the queue between itself and the handlers. So if nothing comes and nothing is being handled, though
    not all that was handed on is committed, that is handed on anew.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next: dict[Any, int] = {}
        self._asked_again: dict[Any, int] = {}
        self._first: dict[Any, int] = {}
        self._idle_polls: dict[Any, int] = {}

    async def perform_seek(self) -> None:
        """Go to the committed offsets."""
        await super().perform_seek()
        self._asked_again.clear()
        self._next = {tp: self._read_offset.get(tp) or 0 for tp in self.assignment() if not self._is_changelog_tp(tp)}
        self._first = dict(self._next)
        self._idle_polls.clear()

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, Any]]:  # noqa: ASYNC109  the signature is Faust's
        """Records of the partitions that flow, without any that was dropped before them."""
        is_idle, waits = True, set()
        async for tp, message in super().getmany(timeout):
            is_idle = False
            if tp in waits:
                continue
            if message.offset > self._next.get(tp, message.offset) and await self._asks_again(tp):
                waits.add(tp)
                continue
            self._idle_polls.pop(tp, None)
            yield tp, message
            if tp in self._next:
                self._next[tp] = max(self._next[tp], message.offset + 1)
        if is_idle and self.flow_active:
            for tp in [tp for tp in self._next if tp in self._get_active_partitions()]:
                position = await self.position(tp)
                if position is None:
                    continue
                if position > self._next[tp]:
                    await self._asks_again(tp)
                elif not cast(EmbeddedApp, self.app).is_at_work():
                    await self._look_for_lost(tp, position)

    async def _look_for_lost(self, tp: Any, position: int) -> None:
        """Nothing has come in a poll: hand on anew what has been handed on and not committed, now and then."""
        committed = self._committed_offset.get(tp) or self._first[tp]
        if position <= committed:
            self._idle_polls.pop(tp, None)
            return
        polls = self._idle_polls[tp] = self._idle_polls.get(tp, 0) + 1
        if polls in _LOST_POLLS:
            await self.seek(tp, committed)
            self._next[tp] = committed
            self._asked_again.pop(tp, None)

    async def _asks_again(self, tp: Any) -> bool:
        """Go back to what should come next; False if that was tried before."""
        if self._asked_again.get(tp) == self._next[tp]:
            return False
        self._asked_again[tp] = self._next[tp]
        await self._seek(tp, self._next[tp])
        return True

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)


class _CommittedTransport(driver.Transport):
    Consumer = _CommittedConsumer
