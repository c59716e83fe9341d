"""A producer for asyncio: `send` returns when the brokers have the messages."""

import asyncio
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka import KafkaError, KafkaException, Producer

from router.api import ConnectorError, Reason
from router.kafka.errors import translate

Headers = list[tuple[str, str | bytes | None]]

_POLL_SECONDS = 0.2
_FLUSH_SECONDS = 10
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


class AsyncProducer:
    """librdkafka's producer with one thread that polls it.

    Acknowledgements arrive on that thread; they are handed to the event loop once per poll, not once per message:
    a wake-up of the loop costs as much as producing.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._producer = Producer(config)
        self._loop = asyncio.get_running_loop()
        self._retired: list[Producer] = []
        self._done: list[_Pending] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="kafka-producer", daemon=True)

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._producer.flush, _FLUSH_SECONDS)
        self._stopping.set()
        await asyncio.to_thread(self._thread.join)

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
            pending.remaining -= 1
            if not pending.remaining:
                self._done.append(pending)

        producer = self._producer
        for sent, message in enumerate(messages):
            try:
                self._produce(producer, message, delivered)
            except (BufferError, KafkaException) as error:
                # The rest was never offered; what was is awaited no longer, as the caller must offer all again.
                pending.remaining -= len(messages) - sent
                if isinstance(error, KafkaException):
                    self._replace_if_fatal(producer, error.args[0])
                    raise translate(error, f"producing to {message.topic}") from error
                raise ConnectorError(Reason.QUEUE_FULL, "The producer's queue is full.") from error
        await pending.future
        if pending.error is not None:
            self._replace_if_fatal(producer, pending.error)
            raise translate(pending.error, f"producing to {messages[0].topic}")

    @staticmethod
    def _produce(producer: Producer, message: Message, delivered: Any) -> None:
        producer.produce(
            message.topic,
            value=message.value,
            key=message.key,
            partition=_ANY_PARTITION if message.partition is None else message.partition,
            headers=message.headers,
            on_delivery=delivered,
        )

    def _replace_if_fatal(self, failed: Producer, error: KafkaError) -> None:
        """A fatal error ends a producer for good; the next `send` finds a new one."""
        if error.fatal() and failed is self._producer:
            self._retired.append(failed)
            self._producer = Producer(self._config)

    def _poll(self) -> None:
        while not self._stopping.is_set():
            self._producer.poll(_POLL_SECONDS)
            for retired in self._retired:
                retired.poll(0)  # its last messages fail now, and whoever sent them must hear of it
            if self._done:
                done, self._done = self._done, []
                self._loop.call_soon_threadsafe(_resolve, done)


def _resolve(done: list[_Pending]) -> None:
    for pending in done:
        if not pending.future.done():
            pending.future.set_result(None)
