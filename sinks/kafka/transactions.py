"""The transactional producer of one partition's owner, and what a failed transaction means."""

import time
from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from router.api import ConnectorError, Reason
from sinks.kafka.clients import login, producer
from sinks.kafka.config import KafkaConfig
from sinks.kafka.errors import code_of, is_refusal, reason_of, translate, translate_making
from sinks.kafka.failures import Failures
from sinks.kafka.positions import Slot, transactional_id
from sinks.kafka.records import Outgoing

_POLL_SECONDS = 0.02
_PURGED = KafkaError._PURGE_QUEUE  # noqa: SLF001  librdkafka's own codes begin so


class Transactions:
    """Opening it fences whoever owned the partition before. Every call blocks.

    The client does not have KIP-890: after a commit or an abort whose outcome is unknown, a late request may still act
    on the next transaction. So nothing is ever repeated here: whatever `publish` has raised, the next transaction needs
    a new object.
    """

    def __init__(self, config: KafkaConfig, sink: str, slot: Slot, largest: int) -> None:
        self._sasl = config.sasl
        self._login = None if config.sasl is None else login(config.sasl)
        self._topic = config.topic
        self._slot = slot
        self._seconds = config.timeout_seconds
        self._failures = Failures()
        self._undelivered: list[KafkaError] = []
        settings = producer(config, sink, self._failures, transactional_id(sink, slot.partition), largest)
        try:
            self._producer = Producer(settings | {"on_delivery": self._note})
        except KafkaException as error:
            raise translate_making(error) from None
        try:
            self._producer.init_transactions(self._seconds)
        except KafkaException as error:
            self.close()
            raise translate(error, "beginning transactions") from None

    def publish(self, records: Sequence[Outgoing], following: int) -> None:
        """Commit the records, and with them the position behind them.

        Raises ConnectorError: PRODUCER_FENCED; TRANSACTION_OUTCOME_UNKNOWN; with any other reason, nothing of the
        records will ever be visible.
        """
        self._undelivered.clear()
        self._log_in()
        committing = False
        try:
            self._producer.begin_transaction()
            for record in records:
                self._produce(self._topic, record)
            self._produce(self._slot.topic, Outgoing(self._slot.key, self._slot.value(following), [], 0), 0)
            committing = True
            self._producer.commit_transaction(self._seconds)
        except KafkaException as error:
            raise self._failure(code_of(error), committing=committing) from None
        except BufferError:
            raise ConnectorError(
                Reason.TARGET_TIMEOUT, f"The brokers took no records for {self._seconds:g} s."
            ) from None

    def close(self) -> None:
        """Let go of the client.

        Its own `close` would first wait for brokers to abort what whoever claims the partition next aborts anyway.
        """
        self._producer.purge()
        del self._producer

    def _note(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._undelivered.append(error)

    def _log_in(self) -> None:
        """With the credential as it is now: the brokers may ask for it again at any time."""
        if self._sasl is not None and (now := login(self._sasl)) != self._login:
            self._producer.set_sasl_credentials(*now)
            self._login = now

    def _produce(self, topic: str, record: Outgoing, partition: int = -1) -> None:
        deadline = None
        while True:
            try:
                self._producer.produce(
                    topic,
                    record.value,
                    record.key,
                    partition,
                    timestamp=record.timestamp,
                    headers=record.headers,
                )
            except BufferError:
                deadline = deadline or time.monotonic() + self._seconds
                if time.monotonic() > deadline:
                    raise
                self._producer.poll(_POLL_SECONDS)
            else:
                return

    def _failure(self, error: KafkaError, *, committing: bool) -> ConnectorError:
        """What it means that the transaction has failed with this error."""
        errors = [one for one in self._undelivered if one.code() != _PURGED] or [error]
        if any(reason_of(one) is Reason.PRODUCER_FENCED for one in (error, *errors)):
            return ConnectorError(Reason.PRODUCER_FENCED, "Another owner has claimed the partition.")
        # Where the client says that it is to be aborted, it has not sent the request to commit.
        sent = committing and not error.txn_requires_abort()
        if not sent and all(is_refusal(one) for one in errors):
            return translate(errors[0], f"writing to {self._topic}")
        return ConnectorError(
            Reason.TRANSACTION_OUTCOME_UNKNOWN,
            f"It is unknown whether a transaction was committed: {translate(errors[0], 'committing').message}",
        )
