"""The idempotency keys that a sink has accepted lately, so that an upstream duplicate is not delivered again."""

import struct
from hashlib import blake2b
from typing import NamedTuple

import structlog

ENTRY_BYTES = 24
NO_BODY = bytes(8)
"""Of events whose data is not bytes: a key alone makes them the same."""

_KEY_BYTES = 16
_NUMBER_BYTES = 4
_NUMBERS = struct.Struct("<I20x")
"""The first bytes of each entry, which are as good as random, since the key is a digest."""

_FIRST_BUCKETS = 16
_BUCKET_ENTRIES = 16
"""On average at most: so few that searching them costs half a microsecond, so many that the buckets cost little."""
_GENERATIONS = 3
_log = structlog.get_logger("router.delivery")


class Fingerprint(NamedTuple):
    """What is remembered of an event: digests of its idempotency key (16 bytes) and of its body (8 bytes)."""

    key: bytes
    body: bytes

    @classmethod
    def of(cls, idempotency_key: str, data: object) -> "Fingerprint":
        """The fingerprint of an event. data: digested if it is bytes."""
        body = blake2b(data, digest_size=8).digest() if isinstance(data, bytes) else NO_BODY
        return cls(blake2b(idempotency_key.encode(), digest_size=_KEY_BYTES).digest(), body)


class DeliveredKeys:
    """A dictionary from key to body that forgets.

    Kept in generations of half the window, which are forgotten whole: a key stays for the window at least and for one
    and a half at most. With more than `capacity` keys the oldest generation goes before its time.
    """

    def __init__(self, window_seconds: float, capacity: int) -> None:
        self._window = window_seconds
        self._most = max(1, capacity // _GENERATIONS)
        self._capacity = capacity
        self._newest = KeyTable()
        self._closed: list[tuple[KeyTable, float]] = []
        self._rotate_at: float | None = None
        self._added_at = 0.0

    def __len__(self) -> int:
        return self._newest.count + sum(table.count for table, _ in self._closed)

    @property
    def size_bytes(self) -> int:
        """The memory that the keys take."""
        return self._newest.size_bytes + sum(table.size_bytes for table, _ in self._closed)

    def body(self, key: bytes) -> bytes | None:
        """The digest of the body that was delivered under this key; None if none was."""
        found = self._newest.find(key)
        if found is None:
            for table, _ in self._closed:
                found = table.find(key)
                if found is not None:
                    break
        return found

    def add(self, entries: bytes, at: float) -> None:
        """Remember what was delivered. entries: keys and bodies, 24 bytes each. at: seconds since the epoch."""
        if self._rotate_at is None:
            self._rotate_at = at + self._window / 2
        if at >= self._rotate_at:
            self._rotate(at)
        self._newest.extend(entries)
        self._added_at = at
        if self._newest.count >= self._most:
            self._rotate(at)

    def _rotate(self, at: float) -> None:
        self._closed.append((self._newest, self._added_at))
        self._newest = KeyTable()
        self._rotate_at = at + self._window / 2
        self._closed = [(table, until) for table, until in self._closed if until > at - self._window]
        while self._closed and len(self) > self._capacity - self._most:
            _, until = self._closed.pop(0)
            _log.warning("delivered keys forgotten early", kept_hours=round((at - until) / 3_600, 1), keys=len(self))


class KeyTable:
    """A hash table of 24 bytes an entry, by linear hashing: one bucket at a time is split, so that no call takes long.

    A bucket is the entries in one piece, which is searched as text is.
    """

    def __init__(self) -> None:
        self._buckets = [bytearray() for _ in range(_FIRST_BUCKETS)]
        self._mask = _FIRST_BUCKETS - 1
        self._split = 0
        self.count = 0

    @property
    def size_bytes(self) -> int:
        """The memory that the entries take."""
        return sum(bucket.__sizeof__() + 8 for bucket in self._buckets)

    def find(self, key: bytes) -> bytes | None:
        """The body of a key."""
        number = int.from_bytes(key[:_NUMBER_BYTES], "little")
        index = number & self._mask
        if index < self._split:
            index = number & (self._mask * 2 + 1)
        bucket = self._buckets[index]
        at = bucket.find(key)
        while at >= 0:
            if not at % ENTRY_BYTES:
                return bytes(bucket[at + _KEY_BYTES : at + ENTRY_BYTES])
            # The end of one entry and the beginning of the next happen to look like the key.
            at = bucket.find(key, at + 1)
        return None

    def extend(self, entries: bytes) -> None:
        """Add entries; one that is there already only takes its memory again."""
        buckets, mask, split = self._buckets, self._mask, self._split
        at = 0
        for (number,) in _NUMBERS.iter_unpack(entries):
            index = number & mask
            if index < split:
                index = number & (mask * 2 + 1)
            after = at + ENTRY_BYTES
            buckets[index] += entries[at:after]
            at = after
            self.count += 1
            if self.count > len(buckets) * _BUCKET_ENTRIES:
                self._grow()
                mask, split = self._mask, self._split

    def _grow(self) -> None:
        """Split the next bucket in two."""
        bucket, wide = bytes(self._buckets[self._split]), self._mask * 2 + 1
        parts = [bytearray(), bytearray()]
        own = self._split
        at = 0
        for (number,) in _NUMBERS.iter_unpack(bucket):
            after = at + ENTRY_BYTES
            parts[number & wide != own] += bucket[at:after]
            at = after
        self._buckets[own] = parts[0]
        self._buckets.append(parts[1])
        self._split += 1
        if self._split > self._mask:
            self._mask, self._split = wide, 0
