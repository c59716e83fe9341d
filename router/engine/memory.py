"""Which idempotency keys have been handled: the newest of them, within a while."""

from collections import OrderedDict
from collections.abc import Iterator, MutableMapping


class Memory:
    """The keys of one partition, oldest first, over a mapping that may outlive the process.

    table: when each key was handled, in seconds since the epoch, for this partition below `prefix`; what it holds
    already is remembered. limit: how many keys at most. seconds: how long at most.
    """

    def __init__(self, table: MutableMapping[str, float], prefix: str, limit: int, seconds: float) -> None:
        self._table = table
        self._prefix = prefix
        self._limit = limit
        self._seconds = seconds
        ours = [(key.removeprefix(prefix), at) for key, at in table.items() if key.startswith(prefix)]
        self._order = OrderedDict(sorted(ours, key=lambda item: item[1]))

    def __len__(self) -> int:
        return len(self._order)

    def has(self, key: str, now: float) -> bool:
        """Whether the key has been handled within the time."""
        at = self._order.get(key)
        return at is not None and now - at < self._seconds

    def add(self, key: str, now: float) -> None:
        """Remember the key, and forget what is too old or too much."""
        self._order.pop(key, None)
        for old in list(self._forgettable(now)):
            del self._order[old]
            self._table.pop(self._prefix + old, None)
        self._order[key] = self._table[self._prefix + key] = now

    def _forgettable(self, now: float) -> Iterator[str]:
        surplus = len(self._order) - self._limit + 1
        for index, (key, at) in enumerate(self._order.items()):
            if index >= surplus and now - at < self._seconds:
                return
            yield key
