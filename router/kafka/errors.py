"""Kafka's errors in the words of the taxonomy: one table."""

from confluent_kafka import KafkaError, KafkaException

from router.api import ConnectorError, Reason

_REASONS: dict[int, Reason] = {
    KafkaError._MSG_TIMED_OUT: Reason.BROKER_TIMEOUT,
    KafkaError._TIMED_OUT: Reason.BROKER_TIMEOUT,
    KafkaError._TIMED_OUT_QUEUE: Reason.BROKER_TIMEOUT,
    KafkaError.REQUEST_TIMED_OUT: Reason.BROKER_TIMEOUT,
    KafkaError._QUEUE_FULL: Reason.QUEUE_FULL,
    KafkaError._TRANSPORT: Reason.BROKER_UNAVAILABLE,
    KafkaError._ALL_BROKERS_DOWN: Reason.BROKER_UNAVAILABLE,
    KafkaError._RESOLVE: Reason.BROKER_UNAVAILABLE,
    KafkaError._WAIT_COORD: Reason.BROKER_UNAVAILABLE,
    KafkaError.BROKER_NOT_AVAILABLE: Reason.BROKER_UNAVAILABLE,
    KafkaError.NETWORK_EXCEPTION: Reason.BROKER_UNAVAILABLE,
    KafkaError.LEADER_NOT_AVAILABLE: Reason.BROKER_UNAVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION: Reason.BROKER_UNAVAILABLE,
    KafkaError.REPLICA_NOT_AVAILABLE: Reason.BROKER_UNAVAILABLE,
    KafkaError.UNKNOWN_LEADER_EPOCH: Reason.BROKER_UNAVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH: Reason.BROKER_UNAVAILABLE,
    KafkaError.OFFSET_NOT_AVAILABLE: Reason.BROKER_UNAVAILABLE,
    KafkaError.NOT_ENOUGH_REPLICAS: Reason.BROKER_UNAVAILABLE,
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND: Reason.BROKER_UNAVAILABLE,
    KafkaError.KAFKA_STORAGE_ERROR: Reason.BROKER_UNAVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS: Reason.BROKER_UNAVAILABLE,
    KafkaError.COORDINATOR_NOT_AVAILABLE: Reason.BROKER_UNAVAILABLE,
    KafkaError.NOT_COORDINATOR: Reason.BROKER_UNAVAILABLE,
    KafkaError.CONCURRENT_TRANSACTIONS: Reason.BROKER_UNAVAILABLE,
    KafkaError._PURGE_QUEUE: Reason.SHUTDOWN,
    KafkaError._PURGE_INFLIGHT: Reason.SHUTDOWN,
    KafkaError.MSG_SIZE_TOO_LARGE: Reason.PAYLOAD_TOO_LARGE,
    KafkaError.INVALID_RECORD: Reason.PAYLOAD_MALFORMED,
    KafkaError.UNKNOWN_TOPIC_OR_PART: Reason.TARGET_MISSING,
    KafkaError._UNKNOWN_TOPIC: Reason.TARGET_MISSING,
    KafkaError._UNKNOWN_PARTITION: Reason.TARGET_MISSING,
    KafkaError.SASL_AUTHENTICATION_FAILED: Reason.CREDENTIAL_REFUSED,
    KafkaError._AUTHENTICATION: Reason.CREDENTIAL_REFUSED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: Reason.PERMISSION_DENIED,
    KafkaError.GROUP_AUTHORIZATION_FAILED: Reason.PERMISSION_DENIED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: Reason.PERMISSION_DENIED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: Reason.PERMISSION_DENIED,
    KafkaError._FENCED: Reason.PRODUCER_FENCED,
    KafkaError.PRODUCER_FENCED: Reason.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH: Reason.PRODUCER_FENCED,
    KafkaError.ILLEGAL_GENERATION: Reason.STALE_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID: Reason.STALE_GENERATION,
    KafkaError.STALE_MEMBER_EPOCH: Reason.STALE_GENERATION,
    KafkaError.FENCED_MEMBER_EPOCH: Reason.STALE_GENERATION,
    KafkaError.FENCED_INSTANCE_ID: Reason.STALE_GENERATION,
    KafkaError.REBALANCE_IN_PROGRESS: Reason.STALE_GENERATION,
    KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER: Reason.TRANSACTION_OUTCOME_UNKNOWN,
    KafkaError.UNKNOWN_PRODUCER_ID: Reason.TRANSACTION_OUTCOME_UNKNOWN,
    KafkaError.INVALID_PRODUCER_ID_MAPPING: Reason.TRANSACTION_OUTCOME_UNKNOWN,
    KafkaError.INVALID_TXN_STATE: Reason.TRANSACTION_OUTCOME_UNKNOWN,
    KafkaError.TOPIC_ALREADY_EXISTS: Reason.ALREADY_PROCESSED,
}


def translate(error: KafkaError | KafkaException, doing: str) -> ConnectorError:
    """The error as a ConnectorError; what is unknown and not retriable becomes INTERNAL_BUG."""
    kafka_error: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
    fallback = Reason.BROKER_UNAVAILABLE if kafka_error.retriable() else Reason.INTERNAL_BUG
    reason = _REASONS.get(kafka_error.code(), fallback)
    return ConnectorError(reason, f"Kafka said {kafka_error.name()} when {doing}.")
