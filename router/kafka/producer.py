"""A producer for asyncio: `send` returns when the brokers have the messages."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka import KafkaError, KafkaException, Producer

from router.api import ConnectorError, Reason
from router.kafka.errors import translate

Headers = list[tuple[str, str | bytes | None]]

_POLL_SECONDS = 0.002
_FLUSH_SECONDS = 2
_ANY_PARTITION = -1


class Message(NamedTuple):
    """What is produced. partition None: by the key."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int | None = None


class _Pending:
    """One call of `send`: how many of its messages are still under way, and the first error."""

    __slots__ = ("error", "future", "remaining")

    def __init__(self, count: int, future: asyncio.Future[None]) -> None:
        self.remaining = count
        self.future = future
        self.error: KafkaError | None = None

    def settle(self, count: int) -> None:
        """So many of the messages are no longer under way."""
        self.remaining -= count
        if not self.remaining and not self.future.done():
            self.future.set_result(None)


class AsyncProducer:
    """librdkafka's producer, polled by the event loop itself while messages are under way.

    A thread that polls would wake the loop for every batch of acknowledgements, and contend with it for the
    interpreter's lock.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._producer = Producer(config)
        self._retired: list[Producer] = []
        self._loop = asyncio.get_running_loop()
        self._under_way = 0
        self._polling = False
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what is under way; what is not acknowledged by then was promised to nobody."""
        deadline = self._loop.time() + _FLUSH_SECONDS
        while self._under_way and self._loop.time() < deadline:  # noqa: ASYNC110  the loop's own polls make the progress
            await asyncio.sleep(_POLL_SECONDS)
        if self._timer is not None:
            self._timer.cancel()
        for producer in (self._producer, *self._retired):
            producer.purge()
            self._serve(producer)
        # Their threads end with them.
        self._retired.clear()
        del self._producer

    async def send(self, messages: Sequence[Message]) -> None:
        """Return when all messages are durable (`acks=all`).

        Raises ConnectorError with the first error: some of the messages may be durable all the same.
        """
        if not messages:
            return
        pending = _Pending(len(messages), self._loop.create_future())

        def delivered(error: KafkaError | None, _message: object) -> None:
            if error is not None and pending.error is None:
                pending.error = error
            self._under_way -= 1
            pending.settle(1)

        producer = self._producer
        for sent, message in enumerate(messages):
            try:
                self._produce(producer, message, delivered)
            except (BufferError, KafkaException) as error:
                # The rest was never offered; what was is awaited no longer, as the caller must offer all again.
                pending.settle(len(messages) - sent)
                raise self._refused(producer, message, error) from error
        await pending.future
        if pending.error is not None:
            self._replace_if_fatal(producer, pending.error)
            raise translate(pending.error, f"producing to {messages[0].topic}")

    def _produce(self, producer: Producer, message: Message, delivered: Any) -> None:
        producer.produce(
            message.topic,
            value=message.value,
            key=message.key,
            partition=_ANY_PARTITION if message.partition is None else message.partition,
            headers=message.headers,
            on_delivery=delivered,
        )
        self._under_way += 1
        if not self._polling:
            self._polling = True
            self._timer = self._loop.call_later(_POLL_SECONDS, self._poll)

    def _poll(self) -> None:
        for producer in (self._producer, *self._retired):
            self._serve(producer)
        self._polling = self._under_way > 0
        if self._polling:
            self._timer = self._loop.call_later(_POLL_SECONDS, self._poll)

    def _serve(self, producer: Producer) -> None:
        """Take what it has to say; its acknowledgements go on coming after a fatal error, which is raised here."""
        try:
            producer.poll(0)
        except KafkaException as error:
            self._replace_if_fatal(producer, error.args[0])

    def _refused(self, producer: Producer, message: Message, error: BufferError | KafkaException) -> ConnectorError:
        if isinstance(error, BufferError):
            return ConnectorError(Reason.QUEUE_FULL, "The producer's queue is full.")
        self._replace_if_fatal(producer, error.args[0])
        return translate(error, f"producing to {message.topic}")

    def _replace_if_fatal(self, failed: Producer, error: KafkaError) -> None:
        """A fatal error ends a producer for good; the next `send` finds a new one.

        The old one is polled on: its last messages fail now, and whoever sent them must hear of it.
        """
        if error.fatal() and failed is self._producer:
            self._retired.append(failed)
            self._producer = Producer(self._config)
