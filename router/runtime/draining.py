"""The drainer: publishes what is in the spool, in the order of its files, when the brokers are back."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog

from router.api import Action, ConnectorError, Reason
from router.delivery.backoff import Backoff
from router.ingress.spool.batch import Batch
from router.ingress.spool.entry import Entry, encode
from router.ingress.spool.spool import Spool
from router.kafka.producer import AsyncProducer, Message
from router.runtime.brokers import Brokers
from router.runtime.publisher import Publisher

_BATCH_EVENTS = 500
_BACKOFF = Backoff(initial_seconds=0.1, max_seconds=5)
_log = structlog.get_logger("router.runtime")


class Drainer:
    """Drains a spool, one batch at a time, so that live traffic has its share of the producer.

    prepare: makes what the events need, such as topics; may wait for the brokers.
    """

    def __init__(
        self,
        spool: Spool,
        publishers: Mapping[str, Publisher],
        producer: AsyncProducer,
        brokers: Brokers,
        prepare: Callable[[], Awaitable[None]],
    ) -> None:
        self._spool = spool
        self._publishers = publishers
        self._producer = producer
        self._brokers = brokers
        self._prepare = prepare
        self._is_prepared = False
        self._limit = _BATCH_EVENTS

    async def run(self) -> None:
        """Prepare, then drain, until cancelled or stopped while preparing; the rest stays for the next start.

        What fails is told and tried again, whatever it is: events must not wait for ever, unknown to all.
        """
        attempt = 0
        while True:
            try:
                await self._step()
            except ConnectorError as error:
                if error.reason is Reason.SHUTDOWN:
                    return
                self._brokers.failed(error)
                failure = error
            except OSError as error:
                _log.error("spool cannot be drained", error=error.strerror)
                failure = ConnectorError(Reason.SPOOL_UNAVAILABLE, "The spool cannot be read or written.")
            except Exception as error:  # noqa: BLE001  the outermost loop, see above
                _log.error("spool cannot be drained: an unforeseen error", exc_info=error)
                failure = ConnectorError(Reason.INTERNAL_BUG, "An unforeseen error when draining the spool.")
                self._brokers.failed(failure)
            else:
                attempt = 0
                continue
            attempt += 1
            await asyncio.sleep(_BACKOFF.seconds(failure, attempt))

    async def _step(self) -> None:
        if not self._is_prepared:
            await self._prepare()
            self._is_prepared = True
            self._brokers.back()
        # While they are away one event tries.
        await self._drain(await self._spool.batch(1 if self._brokers.are_away else self._limit))

    async def _drain(self, batch: Batch) -> None:
        messages: list[Message] = []
        refused = list(batch.refused)
        for entry in batch.entries:
            made = await self._messages(entry)
            if made is None:
                refused.append(encode(entry))
            else:
                messages += made
        try:
            for group in rounds(messages):
                await self._producer.send(group)
        except ConnectorError as error:
            if error.action is not Action.DEAD_LETTER:
                raise
            if len(batch.entries) > 1:
                self._limit = 1
                return
            self._tell_refused(error.reason)
            refused += [encode(entry) for entry in batch.entries]
        else:
            if messages:
                self._brokers.back()
        if refused:
            await self._spool.refuse(refused)
        await self._spool.consumed(batch)
        self._limit = min(_BATCH_EVENTS, self._limit * 2)

    async def _messages(self, entry: Entry) -> list[Message] | None:
        """What the entry becomes; None if it can never be published."""
        publisher = self._publishers.get(entry.endpoint)
        if publisher is None:
            self._tell_refused(Reason.ENDPOINT_UNKNOWN)
            return None
        try:
            return await publisher.messages([entry.record], entry.traceparent)
        except ConnectorError as error:
            if error.action is not Action.DEAD_LETTER:
                raise
            self._tell_refused(error.reason)
            return None

    @staticmethod
    def _tell_refused(reason: str) -> None:
        _log.error("spooled event set aside, it can never be published", reason=reason)


def rounds(messages: Iterable[Message]) -> list[list[Message]]:
    """The messages, split so that no two of a key are in one round, and a key's are in their order.

    A key's next message is sent when the one before is acknowledged: of two under way the first may fail and the second
    not, for the producer goes on behind a batch that the brokers refuse; the repetition would be in another order.
    """
    counts: Counter[tuple[str, bytes]] = Counter()
    split: list[list[Message]] = []
    for message in messages:
        number = 0
        if message.key is not None:
            number = counts[message.topic, message.key]
            counts[message.topic, message.key] += 1
        if number == len(split):
            split.append([])
        split[number].append(message)
    return split
