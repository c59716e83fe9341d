"""A sink's index of delivered keys: in memory for each partition, and in a topic, so that no restart forgets it.

Partitions of the same number share one index, since the sink's replay topic and its own have the same keys there.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from router.delivery.delivered_keys import DeliveredKeys, Fingerprint
from router.kafka.blocking import call_blocking
from router.kafka.partition import PartitionReading
from router.kafka.producer import Message

_THREAD = "kafka-keys"
_RECORD_BYTES = 120_000
_LONG_BYTES = 24_000
_READINGS = 4
"""At a time: each has a client of its own, with threads."""


@dataclass(frozen=True, slots=True)
class KeySettings:
    """topic: where the keys are kept. window_seconds, capacity: see DeliveredKeys; capacity of each partition."""

    topic: str
    window_seconds: float
    capacity: int


class KeyIndex:
    """The keys of one partition.

    Claimed are those of events that are being delivered. Unsaved are those that the topic does not have yet: no offset
    may be committed before they are there. readings: how many indexes may read the topic at once.
    """

    def __init__(self, bootstrap_servers: str, settings: KeySettings, number: int, readings: asyncio.Semaphore) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._settings = settings
        self._number = number
        self._readings = readings
        self._is_behind = True
        self._keys = DeliveredKeys(settings.window_seconds, settings.capacity)
        self._loading = asyncio.Lock()
        self._next_offset = 0
        self._partition = number
        self._released = asyncio.Event()
        self._claimed: set[bytes] = set()
        self._unsaved = bytearray()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def size_bytes(self) -> int:
        """The memory that the keys take."""
        return self._keys.size_bytes

    def expect_more(self) -> None:
        """A partition has come from somebody else, who may have written to the topic."""
        self._is_behind = True

    async def load(self) -> None:
        """Read what the topic has, or has got since. Raises ConnectorError."""
        async with self._loading:
            if not self._is_behind:
                return
            self._is_behind = False
            try:
                async with self._readings:
                    await self._read()
            except BaseException:
                self._is_behind = True
                raise

    async def _read(self) -> None:
        servers, topic, start = self._bootstrap_servers, self._settings.topic, self._next_offset
        reading = await call_blocking(lambda: PartitionReading(servers, topic, self._number, start), _THREAD)
        try:
            self._partition = reading.partition
            while (records := await call_blocking(reading.read, _THREAD)) is not None:
                for record in records:
                    self._keys.add(record.value or b"", record.timestamp_ms / 1000)
                    self._next_offset = record.offset + 1
                    if len(record.value or b"") > _LONG_BYTES:
                        # Other partitions go on meanwhile.
                        await asyncio.sleep(0)
        finally:
            await call_blocking(reading.close, _THREAD)

    def body(self, key: bytes) -> bytes | None:
        """The digest of the body that was delivered under this key; None if none was."""
        return self._keys.body(key)

    def is_claimed(self, key: bytes) -> bool:
        """Whether an event with this key is being delivered."""
        return key in self._claimed

    def claim(self, key: bytes) -> None:
        """Reserve a key for an event that is about to be delivered."""
        self._claimed.add(key)

    async def released(self, key: bytes) -> None:
        """Wait until nobody has the key."""
        while key in self._claimed:
            self._released.clear()
            await self._released.wait()

    def release(self, keys: Sequence[bytes]) -> None:
        """Give keys back, whatever has become of their events."""
        self._claimed.difference_update(keys)
        self._released.set()

    def add(self, delivered: Sequence[Fingerprint]) -> None:
        """Remember what the sink has accepted."""
        entries = b"".join([key + body for key, body in delivered])
        self._keys.add(entries, time.time())
        self._unsaved += entries

    def take_unsaved(self) -> list[Message]:
        """The records with the entries that the topic does not have yet."""
        entries = bytes(self._unsaved)
        self._unsaved.clear()
        return [
            Message(self._settings.topic, None, entries[start : start + _RECORD_BYTES], [], self._partition)
            for start in range(0, len(entries), _RECORD_BYTES)
        ]


class KeyIndexes:
    """Those of a sink's agent, by the numbers of its partitions."""

    def __init__(self, bootstrap_servers: str, settings: KeySettings) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._settings = settings
        self._readings = asyncio.Semaphore(_READINGS)
        self._held: dict[int, tuple[KeyIndex, int]] = {}

    def hold(self, number: int) -> KeyIndex:
        """The index of a partition that has been assigned."""
        made = self._held.get(number)
        index, holders = made or (KeyIndex(self._bootstrap_servers, self._settings, number, self._readings), 0)
        index.expect_more()
        self._held[number] = (index, holders + 1)
        return index

    def let_go(self, number: int) -> None:
        """The partition is no longer assigned; the last one's index is forgotten."""
        index, holders = self._held[number]
        if holders > 1:
            self._held[number] = (index, holders - 1)
        else:
            del self._held[number]

    def take_unsaved(self) -> list[Message]:
        """The records with all entries that the topic does not have yet."""
        return [message for index, _ in self._held.values() for message in index.take_unsaved()]
