"""What a Kafka client says of its connections by itself, while a call would go on waiting for a better time."""

from confluent_kafka import KafkaError

from router.api import Reason
from sinks.kafka.errors import reason_of, translate


class Failures:
    """Listens to one client. The brokers' silence alone would not tell a wrong password from a wrong address."""

    def __init__(self) -> None:
        self._cause: KafkaError | None = None
        self._final = False

    def __call__(self, error: KafkaError) -> None:
        """Hear of an error. The cause comes first, and then that no broker is left."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001  librdkafka's own codes begin so
            self._cause = self._cause or error
            self._final = True
        elif reason_of(error) is not None:
            self._cause = error
            self._final = self._final or reason_of(error) is Reason.CREDENTIAL_REFUSED

    def check(self) -> None:
        """Raise ConnectorError if no broker is left, or none accepts the credential."""
        if self._final and self._cause is not None:
            raise translate(self._cause, "connecting")
