"""A receiver's way to Kafka that leads through the spool while the brokers are away."""

import asyncio
import time
from collections.abc import Sequence

from router.api import ConnectorError, ErrorClass, Reason, Record
from router.config.spool import SpoolMode
from router.ingress.spool.entry import Entry
from router.ingress.spool.keys import OrderingKey
from router.ingress.spool.spool import Spool
from router.routing import Dropped, Router
from router.runtime.brokers import Brokers
from router.runtime.publisher import Publisher

_AWAY = (Reason.QUEUE_FULL, Reason.REGISTRY_UNAVAILABLE)
_UNUSABLE = (Reason.DISK_FULL, Reason.SPOOL_UNAVAILABLE)
_RETURN_SECONDS = 5


class SpooledPublisher:
    """One endpoint's `publish`. Events of a key that has some in the spool go behind them."""

    def __init__(
        self,
        name: str,
        mode: SpoolMode,
        router: Router,
        publisher: Publisher,
        spool: Spool,
        brokers: Brokers,
        ack_timeout_seconds: float,
    ) -> None:
        self._name = name
        self._router = router
        self._publisher = publisher
        self._spool = spool
        self._brokers = brokers
        self._ack_timeout_seconds = ack_timeout_seconds
        self._mode = mode

    async def publish(self, records: Sequence[Record], traceparent: str | None) -> None:
        """Return when every record is durable on its topic or in the spool, or dropped. Raises ConnectorError."""
        if self._mode is SpoolMode.REQUIRED and self._spool.trouble in _UNUSABLE:
            message = "The endpoint needs a spool, and it cannot be written."
            raise ConnectorError(Reason.SPOOL_UNAVAILABLE, message, retry_after_seconds=_RETURN_SECONDS)
        if self._mode is SpoolMode.OFF:
            await self._publisher.publish(records, traceparent)
        elif self._brokers.are_away:
            await self._append(records, traceparent)
        elif self._spool.is_empty:
            await self._produce(records, traceparent)
        else:
            await self._part(records, traceparent)

    async def _part(self, records: Sequence[Record], traceparent: str | None) -> None:
        """Those behind spooled ones of their key to the spool, the others to the brokers.

        Whoever has a spooled key waits a little for it to be drained: a fast sender would keep it spooled for ever.
        """
        keys = {key for record in records if (key := self._key(record)) is not None}
        await self._spool.released(keys, self._ack_timeout_seconds)
        behind: list[Record] = []
        others: list[Record] = []
        for record in records:
            key = self._key(record)
            is_behind = key is not None and self._spool.holds(key)
            (behind if is_behind else others).append(record)
        if behind:
            await self._append(behind, traceparent)
        if others:
            await self._produce(others, traceparent)

    def _key(self, record: Record) -> OrderingKey | None:
        """What must stay in order with the record; None if it is dropped."""
        routed = self._router.route(record)
        return None if isinstance(routed, Dropped) else (routed.topic, routed.key or None)

    async def _produce(self, records: Sequence[Record], traceparent: str | None) -> None:
        try:
            async with asyncio.timeout(self._ack_timeout_seconds):
                await self._publisher.publish(records, traceparent)
        except TimeoutError:
            # The brokers may take it all the same: two copies with one idempotency key.
            self._brokers.lost(Reason.BROKER_TIMEOUT)
        except ConnectorError as error:
            if error.error_class is not ErrorClass.TRANSIENT_BROKER and error.reason not in _AWAY:
                raise
            self._brokers.lost(error.reason)
        else:
            return
        await self._append(records, traceparent)

    async def _append(self, records: Sequence[Record], traceparent: str | None) -> None:
        entries = []
        now = time.time()
        for record in records:
            routed = self._router.route(record)
            if not isinstance(routed, Dropped):
                entries.append(Entry(self._name, routed.topic, routed.key or None, traceparent, now, record))
        if entries:
            await self._spool.append(entries)
