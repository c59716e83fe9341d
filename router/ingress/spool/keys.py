"""Which ordering keys have events in the spool: counters, of a bounded number of keys."""

MAX_KEYS = 100_000

OrderingKey = tuple[str, bytes | None]
"""Topic and key; None: an event that needs no order."""


class SpooledKeys:
    """Counts events by key. With more keys than it can count every key is taken for spooled, until all is drained."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._counts: dict[OrderingKey, int] = {}
        self._is_beyond = False

    def __contains__(self, key: OrderingKey) -> bool:
        return key[1] is not None and (self._is_beyond or key in self._counts)

    def add(self, key: OrderingKey) -> None:
        """An event of the key is about to be spooled."""
        if key[1] is None or self._is_beyond:
            return
        self._counts[key] = self._counts.get(key, 0) + 1
        if len(self._counts) > self._max_keys:
            self._is_beyond = True
            self._counts.clear()

    def remove(self, key: OrderingKey) -> None:
        """An event of the key is not in the spool any more."""
        count = self._counts.get(key)
        if count is not None and count > 1:
            self._counts[key] = count - 1
        elif count is not None:
            del self._counts[key]

    def clear(self) -> None:
        """The spool is empty."""
        self._counts.clear()
        self._is_beyond = False
