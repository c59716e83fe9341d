"""Transactions: several messages to several topics become visible together, or never."""

import threading
import time
from collections.abc import Sequence

from confluent_kafka import KafkaException, Producer

from router.api import ConnectorError, Reason
from router.kafka.clients import transactional_producer
from router.kafka.errors import translate
from router.kafka.producer import Message

_INIT_SECONDS = 30
_COMMIT_SECONDS = 30
_ABORT_SECONDS = 5
_QUEUE_SECONDS = 10
_POLL_SECONDS = 0.02
_ANY_PARTITION = -1


class Transactions:
    """A transactional producer; opening it fences whoever used the same transactional id before.

    Clients of librdkafka do not have KIP-890: after a commit or abort whose outcome is unknown a late request may
    still act on the next transaction. So nothing is ever repeated here: the error is raised as
    TRANSACTION_OUTCOME_UNKNOWN, and the caller opens anew and reads what is there.
    """

    def __init__(self, bootstrap_servers: str, transactional_id: str) -> None:
        config = transactional_producer(bootstrap_servers, transactional_id, transactional_id)
        self._producer = Producer(config)
        self._in_use = threading.Lock()
        try:
            self._producer.init_transactions(_INIT_SECONDS)
        except KafkaException as error:
            raise translate(error, "beginning transactions") from error

    def publish(self, messages: Sequence[Message]) -> None:
        """Commit all messages. Blocking; raises ConnectorError (PRODUCER_FENCED, TRANSACTION_OUTCOME_UNKNOWN …).

        Any other reason means that nothing of them will ever be visible. Whatever was raised, the next transaction
        needs a new `Transactions`.
        """
        with self._in_use:
            self._begin(messages)
            self._commit()

    def close(self) -> None:
        """Let go of the client once a call under way has ended; there must be none afterwards. Blocking.

        The client's own `close` would first wait for brokers to abort what whoever comes next aborts anyway.
        """
        with self._in_use:
            self._producer.purge()
            del self._producer

    def _begin(self, messages: Sequence[Message]) -> None:
        try:
            self._producer.begin_transaction()
            self._produce(messages)
        except (KafkaException, BufferError) as error:
            self._abort()
            if isinstance(error, BufferError):
                raise ConnectorError(Reason.QUEUE_FULL, "The brokers took none of a transaction's records.") from error
            raise _translated(error, "producing in a transaction") from error

    def _produce(self, messages: Sequence[Message]) -> None:
        for message in messages:
            deadline = None
            while True:
                try:
                    self._offer(message)
                    break
                except BufferError:
                    deadline = deadline or time.monotonic() + _QUEUE_SECONDS
                    if time.monotonic() > deadline:
                        raise
                    self._producer.poll(_POLL_SECONDS)

    def _offer(self, message: Message) -> None:
        self._producer.produce(
            message.topic,
            value=message.value,
            key=message.key,
            partition=_ANY_PARTITION if message.partition is None else message.partition,
            headers=message.headers,
        )

    def _commit(self) -> None:
        try:
            self._producer.commit_transaction(_COMMIT_SECONDS)
        except KafkaException as error:
            if error.args[0].txn_requires_abort():
                self._abort()
                raise _translated(error, "committing a transaction") from error
            translated = translate(error, "committing a transaction")
            if translated.reason is Reason.PRODUCER_FENCED:
                raise translated from error
            message = "It is unknown whether a transaction was committed; run it again to find out."
            raise ConnectorError(Reason.TRANSACTION_OUTCOME_UNKNOWN, message) from error

    def _abort(self) -> None:
        """End the transaction now; where that fails, the next owner of the id or the broker's own limit ends it."""
        try:
            self._producer.abort_transaction(_ABORT_SECONDS)
        except KafkaException as error:
            translated = translate(error, "aborting a transaction")
            if translated.reason is Reason.PRODUCER_FENCED:
                raise translated from error


def _translated(error: KafkaException, doing: str) -> ConnectorError:
    translated = translate(error, doing)
    if translated.reason is Reason.INTERNAL_BUG and error.args[0].fatal():
        # The client is of no use any more, and a new one has to find out what is there.
        return ConnectorError(Reason.TRANSACTION_OUTCOME_UNKNOWN, translated.message)
    return translated
