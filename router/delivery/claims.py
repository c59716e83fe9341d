"""A partition's dealings with the index of delivered keys: which events are new, and which have become delivered."""

from collections.abc import Sequence
from enum import Enum

from router.api import Event
from router.delivery.delivered_keys import NO_BODY, Fingerprint
from router.delivery.key_index import KeyIndex


class Finding(Enum):
    """What the index says of an event: NEW; the SAME was delivered; ANOTHER was delivered under its key."""

    NEW = 1
    SAME = 2
    ANOTHER = 3


class KeyClaims:
    """dead: the offsets of dead letters, which are taken out of it here: their keys were not delivered.

    positioned: the sink recognizes repeated rows itself, in its own transaction.
    """

    def __init__(self, index: KeyIndex, dead: set[int], *, positioned: bool) -> None:
        self._index = index
        self._dead = dead
        self._positioned = positioned

    async def load(self) -> None:
        """Read the index, or what it has got since. Raises ConnectorError."""
        await self._index.load()

    def fingerprint(self, event: Event) -> Fingerprint | None:
        """What the index knows the event by; None where it is not asked."""
        if self._positioned and not isinstance(event.data, bytes):
            return None
        return Fingerprint.of(event.idempotency_key, event.data)

    def is_claimed(self, fingerprint: Fingerprint) -> bool:
        """Whether an event with the same key is being delivered."""
        return self._index.is_claimed(fingerprint.key)

    async def released(self, fingerprint: Fingerprint) -> None:
        """Wait until none is."""
        await self._index.released(fingerprint.key)

    def claim(self, offset: int, fingerprint: Fingerprint, claimed: list[tuple[int, Fingerprint]]) -> Finding:
        """Look the event up, and if it is NEW, claim its key and append it."""
        known = self._index.body(fingerprint.key)
        if known is None:
            self._index.claim(fingerprint.key)
            claimed.append((offset, fingerprint))
            return Finding.NEW
        return Finding.SAME if known == fingerprint.body or NO_BODY in (known, fingerprint.body) else Finding.ANOTHER

    def delivered(self, claimed: Sequence[tuple[int, Fingerprint]]) -> None:
        """Remember the keys of the events that the sink has accepted."""
        self._index.add([fingerprint for offset, fingerprint in claimed if offset not in self._dead])

    def release(self, claimed: Sequence[tuple[int, Fingerprint]]) -> None:
        """Give the keys back, whatever has become of their events."""
        self._dead.difference_update([offset for offset, _ in claimed])
        self._index.release([fingerprint.key for _, fingerprint in claimed])
