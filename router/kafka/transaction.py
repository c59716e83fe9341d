"""Transactions: several messages to several topics become visible together, or never."""

from collections.abc import Sequence

from confluent_kafka import KafkaException, Producer

from router.api import ConnectorError, Reason
from router.kafka.clients import transactional_producer
from router.kafka.errors import translate
from router.kafka.producer import Message

_INIT_SECONDS = 30
_COMMIT_SECONDS = 30
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
        try:
            self._producer.init_transactions(_INIT_SECONDS)
        except KafkaException as error:
            raise translate(error, "beginning transactions") from error

    def publish(self, messages: Sequence[Message]) -> None:
        """Commit all messages. Blocking; raises ConnectorError (PRODUCER_FENCED, TRANSACTION_OUTCOME_UNKNOWN …)."""
        failures: list[ConnectorError] = []

        def delivered(error: object, _message: object) -> None:
            if error is not None:
                failures.append(translate(error, "producing in a transaction"))  # type: ignore[arg-type]  # stub: object

        try:
            self._producer.begin_transaction()
            for message in messages:
                self._producer.produce(
                    message.topic,
                    value=message.value,
                    key=message.key,
                    partition=_ANY_PARTITION if message.partition is None else message.partition,
                    headers=message.headers,
                    on_delivery=delivered,
                )
                self._producer.poll(0)
            self._producer.commit_transaction(_COMMIT_SECONDS)
        except KafkaException as error:
            kafka_error = error.args[0]
            if kafka_error.txn_requires_abort():
                self._abort()
                raise translate(error, "committing a transaction") from error
            translated = translate(error, "committing a transaction")
            if translated.reason is Reason.PRODUCER_FENCED:
                raise translated from error
            message_text = "It is unknown whether a transaction was committed; run it again to find out."
            raise ConnectorError(Reason.TRANSACTION_OUTCOME_UNKNOWN, message_text) from error
        if failures:
            raise failures[0]

    def _abort(self) -> None:
        try:
            self._producer.abort_transaction(_COMMIT_SECONDS)
        except KafkaException as error:
            raise translate(error, "aborting a transaction") from error
