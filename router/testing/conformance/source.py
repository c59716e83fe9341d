"""The claims that every source that fetches has to keep."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from router.api import Action, BackfillSource, ConnectorConfig, ConnectorError, Source, SourceConnector, Stream, Window
from router.testing.conformance.claim import broken, claim, ended, hold
from router.testing.conformance.connections import check_connected, check_declared, watched
from router.testing.conformance.declaration import DeclarationClaims
from router.testing.conformance.durable import Durable, Ending, Session, start
from router.testing.conformance.place import NAME, hides, validated
from router.testing.conformance.records import Encoding, check_discovered, check_record
from router.testing.conformance.remains import check_nothing_new, remains
from router.testing.conformance.source_origin import SourceOrigin

__all__ = ["SourceClaims", "SourceOrigin"]

_MOST_SESSIONS = 100
_LOOK_SECONDS = 0.005
_WAITS = (Action.RETRY, Action.PAUSE, Action.RETRY_THEN_DEAD_LETTER, Action.REOPEN)
"""Upon these the runtime calls run anew later; there is no record yet that could be dead-lettered."""
_ENDINGS = ((0, Ending.REFUSED), (0, Ending.CANCELLED), (0, Ending.UNKNOWN), (1, Ending.REFUSED), (1, Ending.CANCELLED))
"""After how many calls of emit a session is killed, and how."""


class SourceClaims(DeclarationClaims):
    """What every source claims. The author's class gives `connector`, and a fixture `origin` of a SourceOrigin."""

    connector: ClassVar[SourceConnector]

    @pytest.fixture
    def place(self, origin: SourceOrigin) -> SourceOrigin:
        """The origin, as the claims of all connectors know it."""
        return origin

    @claim
    async def test_everything_is_read(self, origin: SourceOrigin) -> None:
        """It reads all that is there, and in later sessions what is new."""
        async with origin:
            durable = Durable()
            await origin.add(7)
            await self._read(origin, durable, 7)
            await origin.add(5)
            await self._read(origin, durable, 12)
            await self._read(origin, durable, 12)
            _check_whole(origin, durable, 12, "in three sessions")

    @claim
    async def test_no_kill_loses_or_repeats(self, origin: SourceOrigin) -> None:
        """Killed at every emit, before and after it is durable, it loses nothing and repeats nothing."""
        async with origin:
            durable, count = Durable(), 0
            for more in (9, 4):
                await origin.add(more)
                count += more
                await self._read_with_kills(origin, durable, count)
            await origin.add(1)
            await self._read(origin, durable, count + 1)
            _check_whole(origin, durable, count + 1, "after kills at every emit")
            changed = sorted(set(durable.offered) - set(durable.ids))
            hold(not changed, f"what is read again has other ids: {changed[:1]} was offered and never came again")

    @claim
    async def test_records_can_be_published(self, origin: SourceOrigin) -> None:
        """Each record has an id and a type, and fits its schema, which is one that discover gives."""
        async with origin:
            durable, encoding = Durable(), Encoding()
            await origin.add(5)
            streams = await self.connector.discover(validated(self.connector, origin))
            hold(streams, "discover gives no stream")
            names = [stream.name for stream in streams]
            hold(len(set(names)) == len(names), f"discover gives a name twice: {names}")
            await self._read(origin, durable, 5)
            for stream in streams:
                encoding.check_stream(stream)
            for record in durable.records:
                check_record(record)
                encoding.check(record)
            check_discovered(streams, durable.records)

    @claim
    async def test_looking_changes_nothing(self, origin: SourceOrigin) -> None:
        """Looking at the origin, by check and discover, succeeds and leaves it as it is."""
        async with origin:
            await origin.add(3)
            config, before = validated(self.connector, origin), await origin.state()
            await self.connector.check(config)
            hold(await origin.state() == before, "check changes the origin")
            streams = await self.connector.discover(config)
            hold(await origin.state() == before, "discover changes the origin")
            again = await self.connector.discover(config)
            hold(_outlines(again) == _outlines(streams), "discover says something else each time")

    @claim
    async def test_origin_that_is_away_is_told(self, origin: SourceOrigin) -> None:
        """If the origin is away, check and run raise a ConnectorError without secrets, upon which the runtime waits."""
        async with origin:
            away = validated(self.connector, origin, origin.away)
            try:
                await self.connector.check(away)
            except ConnectorError as error:
                _check_away(origin, error, "check")
            else:
                broken("check finds nothing wrong with an origin that is away")
            try:
                async with self._opened(origin, away) as source:
                    await source.run(Session(Durable()), {})
            except ConnectorError as error:
                _check_away(origin, error, "run")
            else:
                broken("run returns as if it had read an origin that is away")

    @claim
    async def test_connects_only_where_it_declares(self, origin: SourceOrigin) -> None:
        """It connects to nothing but what hosts() gives, each as `host:port` that a scope can grant."""
        async with origin:
            await origin.add(3)
            config, durable = validated(self.connector, origin), Durable()
            hosts = self.connector.hosts(config)
            check_declared(hosts)
            with watched() as seen:
                await self.connector.check(config)
                await self.connector.discover(config)
                async with self._opened(origin) as source:
                    session = Session(durable)
                    running = start(source, session, durable)
                    await _until(running, durable, 3)
                    seen.look()
                    await ended(running, "run")
            check_connected(seen, hosts)

    @claim
    async def test_leaves_nothing_behind(self, origin: SourceOrigin) -> None:
        """Closing it, and cancelling it in the middle, leaves no task, thread, socket or file open."""
        async with origin:
            durable = Durable()
            await origin.add(3)
            await self._read(origin, durable, 3)
            await origin.add(3)
            before = remains()
            await self._session(origin, Session(durable, 0, Ending.CANCELLED), durable, 6)
            await check_nothing_new(before)
            await self._read(origin, durable, 6)
            await self.connector.check(validated(self.connector, origin))
            await self.connector.discover(validated(self.connector, origin))
            await check_nothing_new(before)

    @claim
    async def test_returns_or_streams_as_declared(self, origin: SourceOrigin) -> None:
        """It returns when all is read, unless it declares to stream on; then it waits, and ends when cancelled."""
        async with origin:
            durable = Durable()
            await origin.add(2)
            await self._read(origin, durable, 2)
            async with self._opened(origin) as source:
                running = start(source, Session(durable), durable)
                if self.connector.streams_on:
                    await origin.add(1)
                    await _until(running, durable, 3)
                    hold(not running.done(), "it declares to stream on, but returns")
                    await ended(running, "run")
                else:
                    await running

    @claim
    async def test_secrets_stay_out_of_records(self, origin: SourceOrigin) -> None:
        """No secret's value is in a record or a checkpoint."""
        async with origin:
            durable = Durable()
            await origin.add(3)
            await self._read(origin, durable, 3)
            hold(hides(origin, repr(durable.records)), "a record holds a secret")
            hold(hides(origin, repr(durable.checkpoints)), "a checkpoint holds a secret")

    @claim
    async def test_backfill_has_the_ids_of_run(self, origin: SourceOrigin) -> None:
        """A backfill, if it has one, gives records the ids that run gives them, and leaves run where it is."""
        async with origin:
            durable, again = Durable(), Durable()
            await origin.add(6)
            await self._read(origin, durable, 6)
            async with self._opened(origin) as source:
                can = isinstance(source, BackfillSource)
            if origin.window is None:
                hold(not can, "it has a backfill: give the origin a window")
                return
            hold(can, "it has no backfill: let the origin's window be None")
            await self._backfill(origin, again, origin.window)
            other = sorted(set(again.ids) - set(durable.ids))
            hold(not other, f"the backfill gives an id that run does not: {other[:1]}")
            missing = sorted(set(durable.ids) - set(again.ids))
            hold(not missing, f"the backfill of everything leaves out {len(missing)} of 6 records: {missing[:1]}")
            await origin.add(1)
            await self._read(origin, durable, 7)
            _check_whole(origin, durable, 7, "in a run after a backfill")

    async def _backfill(self, origin: SourceOrigin, again: Durable, window: Window) -> None:
        """Read everything again, with kills."""
        for passes, ending in _endings():
            async with self._opened(origin) as source:
                if not isinstance(source, BackfillSource):
                    broken("it has a backfill at one time, and none at another")
                session = Session(again, passes, ending)
                await session.ends(asyncio.create_task(source.backfill(session, dict(again.checkpoints), window)))
                if not session.is_over.is_set():
                    return
        broken(f"interrupted {_MOST_SESSIONS} times, the backfill has not come to its end")

    @asynccontextmanager
    async def _opened(self, origin: SourceOrigin, config: ConnectorConfig | None = None) -> AsyncIterator[Source]:
        async with self.connector.open(config or validated(self.connector, origin), NAME) as source:
            yield source

    async def _read(self, origin: SourceOrigin, durable: Durable, count: int) -> None:
        """A session that reads to the end, or, of a source that streams on, until so many records are durable."""
        async with self._opened(origin) as source:
            running = start(source, Session(durable), durable)
            if not self.connector.streams_on:
                await running
                return
            await _until(running, durable, count)
            await ended(running, "run")

    async def _session(self, origin: SourceOrigin, session: Session, durable: Durable, count: int) -> None:
        """A session up to its end, or, of a source that streams on, until so many records are durable."""
        async with self._opened(origin) as source:
            running = start(source, session, durable)
            while self.connector.streams_on and not (session.is_over.is_set() or running.done()):
                if len(set(durable.ids)) >= count:
                    await ended(running, "run")
                    return
                await asyncio.sleep(_LOOK_SECONDS)
            await session.ends(running)

    async def _read_with_kills(self, origin: SourceOrigin, durable: Durable, count: int) -> None:
        for passes, ending in _endings():
            if len(set(durable.ids)) >= count:
                return
            await self._session(origin, Session(durable, passes, ending), durable, count)
        broken(f"killed {_MOST_SESSIONS} times, it has read {len(set(durable.ids))} of {count} records")


def _endings() -> Iterator[tuple[int, Ending]]:
    """How sessions are killed, one after the other: at the first call of emit, then at later and later ones."""
    for number in range(_MOST_SESSIONS):
        passes, ending = _ENDINGS[number % len(_ENDINGS)]
        yield passes + number // len(_ENDINGS), ending


async def _until(running: asyncio.Task[None], durable: Durable, count: int) -> None:
    """Wait until so many records are durable. Raises what the run raised."""
    while len(set(durable.ids)) < count:
        if running.done():
            running.result()
            if len(set(durable.ids)) < count:
                broken(f"it returns when it has read {len(set(durable.ids))} of {count} records")
        await asyncio.sleep(_LOOK_SECONDS)


def _check_whole(origin: SourceOrigin, durable: Durable, count: int, when: str) -> None:
    ids = durable.ids
    hold(len(set(ids)) >= count, f"{when}, it has read {len(set(ids))} of {count} records")
    hold(len(set(ids)) <= count, f"{when}, it has made {len(set(ids))} events of {count} records")
    repeated = _repeated(ids)
    hold(origin.rereads or not repeated, f"{when}, {len(repeated)} of {count} records came twice: {repeated[:1]}")


def _outlines(streams: Sequence[Stream]) -> list[tuple[object, ...]]:
    """Without the estimates, which may change at any time."""
    return [(stream.name, stream.schema, stream.key) for stream in streams]


def _repeated(ids: Sequence[str]) -> list[str]:
    return sorted({name for name in ids if ids.count(name) > 1})


def _check_away(origin: SourceOrigin, error: ConnectorError, what: str) -> None:
    waits = error.action in _WAITS
    hold(waits, f"{what} raises {error.reason}, upon which the runtime does not wait but: {error.action}")
    hold(hides(origin, f"{error} {error.fix}"), f"the message of {error.reason} holds a secret")
