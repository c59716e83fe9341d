"""The contents: what is in the spool, in segments, events and keys."""

from collections.abc import Mapping, Sequence

from router.ingress.spool.entry import Entry
from router.ingress.spool.keys import OrderingKey, SpooledKeys
from router.ingress.spool.observer import SpoolObserver


class Contents:
    """Counts what comes and goes, and tells the observer."""

    def __init__(self, observer: SpoolObserver, max_keys: int) -> None:
        self._observer = observer
        self._keys = SpooledKeys(max_keys)
        self._sizes: dict[int, int] = {}
        self._oldest: float | None = None
        self.events = 0

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(self._sizes.values())

    @property
    def sizes(self) -> Mapping[int, int]:
        """How much of each segment is good, in order."""
        return self._sizes

    def holds(self, key: OrderingKey) -> bool:
        """Whether an event of this key may be in the spool."""
        return key in self._keys

    def coming(self, entries: Sequence[Entry]) -> None:
        """They are about to be appended: the next of their keys go behind them."""
        for entry in entries:
            self._keys.add((entry.topic, entry.key))

    def gone(self, entries: Sequence[Entry]) -> None:
        """They were drained, or could not be appended."""
        for entry in entries:
            self._keys.remove((entry.topic, entry.key))

    def appended(self, entries: Sequence[Entry]) -> None:
        """They are durable."""
        self.events += len(entries)
        self._oldest = self._oldest or entries[0].at

    def drained(self, entries: Sequence[Entry]) -> None:
        """They are durable elsewhere."""
        self.gone(entries)
        self.events = max(0, self.events - len(entries))
        if entries:
            self._oldest = entries[-1].at

    def resize(self, segment: int, size: int) -> None:
        """So much of the segment is good."""
        self._sizes[segment] = size

    def remove(self, segment: int) -> None:
        """The segment is no more."""
        del self._sizes[segment]

    def clear(self) -> None:
        """Nothing is there, whatever the counts say: those of damaged segments were never drained."""
        self._keys.clear()
        self.events = 0
        self._oldest = None

    def tell(self) -> None:
        """Tell the observer how much is there."""
        self._observer.holds(self.events, self.size, self._oldest)
