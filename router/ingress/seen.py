"""The idempotency keys that this process has accepted: a repetition is answered at once, and produced only once.

Repetitions that reach different processes are found by the sinks (see router/delivery/key_index.py).
"""

from asyncio import Future, get_running_loop, shield
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b

from router.api import ConnectorError, Reason, Record

MAX_KEYS = 200_000
"""About 150 bytes each."""

Publish = Callable[[Sequence[Record], str], Awaitable[object]]


class KeysReusedError(ConnectorError):
    """Nothing was published, since some of the records have keys that were accepted with other bodies.

    indexes: of these records.
    """

    def __init__(self, indexes: Sequence[int]) -> None:
        super().__init__(Reason.KEY_REUSED, "An event with this id was accepted before, and its body was another one.")
        self.indexes = indexes


class SeenKeys:
    """A process's memory: from digests of keys to digests of bodies. With `max_keys` the older half is forgotten.

    under_way: the bodies that are being published, by their keys, and what becomes of them.
    """

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._half = max(1, max_keys // 2)
        self._newer: dict[bytes, bytes] = {}
        self._older: dict[bytes, bytes] = {}
        self.under_way: dict[bytes, tuple[bytes, Future[ConnectorError | None]]] = {}

    def __len__(self) -> int:
        return len(self._newer) + len(self._older)

    def body(self, key: bytes) -> bytes | None:
        """The digest of the body that came with the key; None if the key is not remembered."""
        return self._newer.get(key) or self._older.get(key)

    def add(self, key: bytes, body: bytes) -> None:
        """Remember an event that is durable."""
        if len(self._newer) >= self._half:
            self._newer, self._older = {}, self._newer
        self._newer[key] = body


class Once:
    """An endpoint's `publish` behind the memory, for records whose data is bytes.

    deduplicated: told of how many records were not published, because they had been already.
    """

    def __init__(
        self, endpoint: str, tenant: str | None, keys: SeenKeys, publish: Publish, deduplicated: Callable[[int], None]
    ) -> None:
        self._endpoint = endpoint
        self._tenant = tenant
        self._keys = keys
        self._publish = publish
        self._deduplicated = deduplicated
        self._loop = get_running_loop()

    async def publish(self, records: Sequence[Record], traceparent: str) -> None:
        """Return when all are durable, whoever has published them. Raises KeysReusedError, ConnectorError."""
        if len(records) == 1 and (one := self._digests(records[0])) is not None and self._is_new(one[0]):
            # Nearly every request.
            self._claim(*one)
            await self._publish_fresh(records, (one[0],), traceparent)
            return
        await self._publish_batch(records, traceparent)

    async def _publish_batch(self, records: Sequence[Record], traceparent: str) -> None:
        digests = [self._digests(record) for record in records]
        bodies: dict[bytes, bytes] = {}
        reused = [
            index
            for index, one in enumerate(digests)
            if one is not None and (self._is_reused(*one) or bodies.setdefault(*one) != one[1])
        ]
        if reused:
            raise KeysReusedError(reused)
        fresh: list[Record] = []
        mine: list[bytes] = []
        others: list[Future[ConnectorError | None]] = []
        for record, one in zip(records, digests, strict=True):
            if one is None:
                fresh.append(record)
            elif self._is_new(one[0]):
                self._claim(*one)
                mine.append(one[0])
                fresh.append(record)
            elif one[0] in self._keys.under_way:
                others.append(self._keys.under_way[one[0]][1])
        if fresh:
            await self._publish_fresh(fresh, mine, traceparent)
        for other in others:
            if (error := await shield(other)) is not None:
                raise error
        if len(fresh) < len(records):
            self._deduplicated(len(records) - len(fresh))

    async def _publish_fresh(self, fresh: Sequence[Record], keys: Sequence[bytes], traceparent: str) -> None:
        outcome: ConnectorError | None = None
        try:
            await self._publish(fresh, traceparent)
        except ConnectorError as error:
            outcome = error
            raise
        except BaseException:
            # For those who wait; the sender that is told so comes again.
            outcome = ConnectorError(Reason.SHUTDOWN, "The request that brought the event first was ended.")
            raise
        finally:
            for key in keys:
                body, future = self._keys.under_way.pop(key)
                if outcome is None:
                    self._keys.add(key, body)
                future.set_result(outcome)

    def _digests(self, record: Record) -> tuple[bytes, bytes] | None:
        if not isinstance(record.data, bytes):
            return None
        tenant = record.tenant if record.tenant is not None else self._tenant
        # With a length, so that no tenant's end can pass for the beginning of an id.
        key = f"{self._endpoint}\n{len(tenant or '')}\n{tenant or ''}{record.idempotency_key or record.id}"
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        return digest, blake2b(record.data, digest_size=8).digest()

    def _is_new(self, key: bytes) -> bool:
        return key not in self._keys.under_way and self._keys.body(key) is None

    def _claim(self, key: bytes, body: bytes) -> None:
        self._keys.under_way[key] = (body, self._loop.create_future())

    def _is_reused(self, key: bytes, body: bytes) -> bool:
        known = self._keys.body(key)
        if known is None and key in self._keys.under_way:
            known = self._keys.under_way[key][0]
        return known is not None and known != body
