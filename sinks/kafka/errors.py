"""What an error of Kafka means to the runtime: the one place where librdkafka's errors are translated."""

from confluent_kafka import KafkaError, KafkaException

from router.api import ConnectorError, Reason

_REASONS: dict[int, Reason] = {
    KafkaError._AUTHENTICATION: Reason.CREDENTIAL_REFUSED,  # noqa: SLF001  librdkafka's own codes begin so
    KafkaError.SASL_AUTHENTICATION_FAILED: Reason.CREDENTIAL_REFUSED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: Reason.PERMISSION_DENIED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: Reason.PERMISSION_DENIED,
    KafkaError.GROUP_AUTHORIZATION_FAILED: Reason.PERMISSION_DENIED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: Reason.PERMISSION_DENIED,
    KafkaError.POLICY_VIOLATION: Reason.PERMISSION_DENIED,
    KafkaError.UNKNOWN_TOPIC_OR_PART: Reason.TARGET_MISSING,
    KafkaError._UNKNOWN_TOPIC: Reason.TARGET_MISSING,  # noqa: SLF001
    KafkaError._UNKNOWN_PARTITION: Reason.TARGET_MISSING,  # noqa: SLF001
    KafkaError.MSG_SIZE_TOO_LARGE: Reason.PAYLOAD_TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE: Reason.PAYLOAD_TOO_LARGE,
    KafkaError.INVALID_RECORD: Reason.TARGET_REJECTED,
    KafkaError.INVALID_TIMESTAMP: Reason.VALUE_OUT_OF_RANGE,
    KafkaError._FENCED: Reason.PRODUCER_FENCED,  # noqa: SLF001
    KafkaError.PRODUCER_FENCED: Reason.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH: Reason.PRODUCER_FENCED,
    KafkaError.INVALID_TRANSACTION_TIMEOUT: Reason.CONFIG_INVALID,
    KafkaError._TIMED_OUT: Reason.TARGET_TIMEOUT,  # noqa: SLF001
    KafkaError._MSG_TIMED_OUT: Reason.TARGET_TIMEOUT,  # noqa: SLF001
    KafkaError.REQUEST_TIMED_OUT: Reason.TARGET_TIMEOUT,
    KafkaError._TRANSPORT: Reason.TARGET_UNREACHABLE,  # noqa: SLF001
    KafkaError._ALL_BROKERS_DOWN: Reason.TARGET_UNREACHABLE,  # noqa: SLF001
    KafkaError._RESOLVE: Reason.TARGET_UNREACHABLE,  # noqa: SLF001
    KafkaError._SSL: Reason.TARGET_UNREACHABLE,  # noqa: SLF001
    KafkaError.CONCURRENT_TRANSACTIONS: Reason.TARGET_BUSY,
    # A leader or a coordinator is being elected, or has been, of which this client has not heard yet.
    KafkaError.LEADER_NOT_AVAILABLE: Reason.TARGET_BUSY,
    KafkaError.NOT_LEADER_FOR_PARTITION: Reason.TARGET_BUSY,
    KafkaError.FENCED_LEADER_EPOCH: Reason.TARGET_BUSY,
    KafkaError.UNKNOWN_LEADER_EPOCH: Reason.TARGET_BUSY,
    KafkaError.OFFSET_NOT_AVAILABLE: Reason.TARGET_BUSY,
    KafkaError.REPLICA_NOT_AVAILABLE: Reason.TARGET_BUSY,
    KafkaError.BROKER_NOT_AVAILABLE: Reason.TARGET_BUSY,
    KafkaError.NETWORK_EXCEPTION: Reason.TARGET_BUSY,
    KafkaError.KAFKA_STORAGE_ERROR: Reason.TARGET_BUSY,
    KafkaError.NOT_ENOUGH_REPLICAS: Reason.TARGET_BUSY,
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND: Reason.TARGET_BUSY,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS: Reason.TARGET_BUSY,
    KafkaError.COORDINATOR_NOT_AVAILABLE: Reason.TARGET_BUSY,
    KafkaError.NOT_COORDINATOR: Reason.TARGET_BUSY,
    KafkaError._WAIT_COORD: Reason.TARGET_BUSY,  # noqa: SLF001
    KafkaError.TOPIC_ALREADY_EXISTS: Reason.ALREADY_PROCESSED,
}
_FIXES = {
    Reason.CREDENTIAL_REFUSED: "Check `sasl`: the mechanism, the user and the password.",
    Reason.PERMISSION_DENIED: "Grant the access-control entries that the how-to of the sink lists.",
    Reason.TARGET_MISSING: "Create the topic; the sink does not.",
    Reason.TARGET_UNREACHABLE: "Check `bootstrap_servers` and `tls`, and that the brokers run.",
    Reason.CONFIG_INVALID: "Lower `timeout_seconds` to the brokers' transaction.max.timeout.ms.",
}
_SETTLED = frozenset(
    {
        Reason.PERMISSION_DENIED,
        Reason.TARGET_MISSING,
        Reason.PAYLOAD_TOO_LARGE,
        Reason.TARGET_REJECTED,
        Reason.VALUE_OUT_OF_RANGE,
    }
)


def reason_of(error: KafkaError) -> Reason | None:
    """The reason of an error; None if nobody foresaw it."""
    found = _REASONS.get(error.code())
    return Reason.TARGET_BUSY if found is None and error.retriable() else found


def translate(error: KafkaError | KafkaException, doing: str) -> ConnectorError:
    """The error in the runtime's words; INTERNAL_BUG if nobody foresaw it. It is free of what records hold."""
    found = code_of(error)
    reason = reason_of(found) or Reason.INTERNAL_BUG
    return ConnectorError(reason, f"Kafka, {doing}: {_describe(found)}.", fix=_FIXES.get(reason))


def translate_making(error: KafkaException) -> ConnectorError:
    """The error of a client that could not be made: a file or a key that cannot be used."""
    return ConnectorError(
        Reason.CONFIG_INVALID,
        f"Kafka's client refuses its settings: {_describe(code_of(error))}.",
        fix="Check the files and the key that `tls` names.",
    )


def is_refusal(error: KafkaError) -> bool:
    """Whether it is a broker's answer, after which nothing of the request can still take effect."""
    return reason_of(error) in _SETTLED


def code_of(error: KafkaError | KafkaException) -> KafkaError:
    """The error itself, which an exception holds."""
    found: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
    return found


def _describe(error: KafkaError) -> str:
    text = error.str().strip().partition("\n")[0][:300].rstrip(".")
    return f"{error.name()}, {text}" if text else error.name()
