"""Reads a stream to its end, page by page, and moves its checkpoint where reading on from there misses nothing."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from router.api import Checkpoint, ConnectorError, Emit, Reason
from sources.http_poll.client import Page
from sources.http_poll.cursor import Value, is_before, latest
from sources.http_poll.pages import Place
from sources.http_poll.position import Progress
from sources.http_poll.records import Item
from sources.http_poll.stream import Bounds, Stream

_MAX_PASSES = 5
_STALE = (Reason.CONFIG_INVALID, Reason.TARGET_MISSING, Reason.SCOPE_EXCEEDED)


class Reading:
    """One run, or one backfill, of one stream. progress: what is durable.

    Where pages may shift, all of them are read again until no record turns up that should have been seen before: one
    that had moved to a page that was already read. What was emitted in this run is not emitted again.
    """

    def __init__(self, stream: Stream, emit: Emit, progress: Progress, bounds: Bounds, *, is_backfill: bool) -> None:
        self._stream = stream
        self._emit = emit
        self._progress = progress
        self._bounds = bounds
        self._is_backfill = is_backfill
        self._verifies = stream.pages.may_shift and stream.cursor.exists
        self._moves_by_page = stream.cursor.is_ordered and stream.pages.keeps_its_place
        self._emitted: set[str] = set()
        self._seen = progress.seen
        self._must_verify = self._verifies and progress.is_under_way

    async def to_end(self) -> None:
        """Read until there is nothing more. Raises ConnectorError."""
        place = self._progress.page if self._stream.pages.fits(self._progress.page) else None
        for number in range(_MAX_PASSES):
            if not await self._pass(place, number):
                return
            place = None
        # The next attempt begins where this one did, and so misses none.
        await self._publish([], Progress(self._progress.cursor))
        message = f"Stream {self._stream.name}: its records do not come to rest while its pages are read."
        raise ConnectorError(Reason.TARGET_BUSY, message, fix="Read pages by a token, or larger ones, or less at once.")

    async def _pass(self, place: Place, number: int) -> bool:
        """Read the pages from here to the last; True if they must be read again."""
        greatest_before, late, previous = self._seen, False, None
        page = await self._first_page(place, number)
        if page is None:
            place, page = None, await self._stream.fetch(None, self._bounds)
        while True:
            items = self._stream.items.of(page)
            following = self._stream.pages.after(place, page, len(items))
            previous = self._check(items, previous)
            fresh = self._fresh(items)
            late = late or (number > 0 and any(_is_late(item, greatest_before) for item in fresh))
            self._must_verify = self._must_verify or self._may_have_shifted(place, following, items)
            again = self._verifies and (late if number > 0 else self._must_verify)
            await self._publish(fresh, self._after_page(following, again=again))
            if following is None:
                return again
            place, page = following, await self._stream.fetch(following, self._bounds)

    async def _first_page(self, place: Place, number: int) -> Page | None:
        """The page to begin with; None if it is of an interrupted run, and the API does not know it any more."""
        try:
            return await self._stream.fetch(place, self._bounds)
        except ConnectorError as error:
            if place is None or number > 0 or error.reason not in _STALE:
                raise
            return None

    def _may_have_shifted(self, place: Place, following: Place, items: Sequence[Item]) -> bool:
        """Whether there is more than one page: the first one alone, known not to be full, cannot have lost any."""
        size = self._stream.page_size
        is_full = following is not None and (size is None or len(items) >= size)
        return bool(items) and (place is not None or is_full)

    def _fresh(self, items: Sequence[Item]) -> list[Item]:
        kept = [item for item in items if self._bounds.keep(item.value)]
        for item in kept:
            self._seen = latest(self._seen, item.value)
        if not self._verifies:
            return kept
        fresh = [item for item in kept if item.record.id not in self._emitted]
        self._emitted.update([item.record.id for item in fresh])
        return fresh

    def _check(self, items: Sequence[Item], previous: Sequence[Item] | None) -> Sequence[Item]:
        """Refuse pages that show that the configuration is not what the API does. Raises ConnectorError."""
        name = self._stream.name
        if items and previous == items and not self._stream.pages.keeps_its_place:
            message = f"Stream {name}: the API sends the same page twice."
            raise ConnectorError(Reason.CONFIG_INVALID, message, fix="See `pagination`: its `param`, or give `more`.")
        if self._moves_by_page:
            values = [item.value for item in [*(previous or ())[-1:], *items] if item.value is not None]
            if any(is_before(later, earlier) for earlier, later in pairwise(values)):
                message = f"Stream {name}: the records are not ascending by the cursor."
                raise ConnectorError(Reason.CONFIG_INVALID, message, fix="Set `cursor.ordered` to false.")
        return items or previous or ()

    def _after_page(self, following: Place, *, again: bool) -> Progress:
        """What is read when this page is durable."""
        if following is None and not again:
            return Progress(latest(self._progress.cursor, self._seen), is_done=self._is_backfill)
        if self._moves_by_page:
            return Progress(latest(self._progress.cursor, self._seen))
        return replace(self._progress, page=following, seen=self._seen)

    async def _publish(self, items: Sequence[Item], progress: Progress) -> None:
        if items or progress != self._progress:
            checkpoint = Checkpoint(self._stream.name, progress.to_position())
            await self._emit([item.record for item in items], checkpoint=checkpoint)
            self._progress = progress


def _is_late(item: Item, greatest_before: Value | None) -> bool:
    return item.value is not None and greatest_before is not None and not is_before(greatest_before, item.value)
