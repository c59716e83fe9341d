"""What the errors of Kafka mean to the runtime."""

import pytest
from confluent_kafka import KafkaError

from router.api import Action, ConnectorError, Reason
from sinks.kafka.errors import is_refusal, translate
from sinks.kafka.failures import Failures


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (KafkaError._AUTHENTICATION, Reason.CREDENTIAL_REFUSED),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, Reason.PERMISSION_DENIED),
        (KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, Reason.PERMISSION_DENIED),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, Reason.TARGET_MISSING),
        (KafkaError.MSG_SIZE_TOO_LARGE, Reason.PAYLOAD_TOO_LARGE),
        (KafkaError._TIMED_OUT, Reason.TARGET_TIMEOUT),
        (KafkaError._ALL_BROKERS_DOWN, Reason.TARGET_UNREACHABLE),
        (KafkaError._FENCED, Reason.PRODUCER_FENCED),
        (KafkaError.INVALID_PRODUCER_EPOCH, Reason.PRODUCER_FENCED),
        (KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT, Reason.INTERNAL_BUG),
    ],
)
def test_an_error_has_a_reason(code: int, reason: Reason) -> None:
    assert translate(KafkaError(code, "why"), "writing").reason is reason


def test_an_error_that_a_broker_calls_passing_is_waited_for() -> None:
    error = KafkaError(KafkaError.NOT_ENOUGH_REPLICAS, "why", False, True)

    assert translate(error, "writing").action is Action.RETRY


def test_only_a_broker_s_answer_about_the_records_is_a_refusal() -> None:
    codes = [
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError._MSG_TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._FENCED,
        KafkaError.UNKNOWN,
    ]

    assert [is_refusal(KafkaError(code)) for code in codes] == [True, True, False, False, False, False]


def test_a_broker_that_is_away_is_waited_for_while_others_are_left() -> None:
    failures = Failures()

    failures(KafkaError(KafkaError._TRANSPORT, "kafka-1:9092: Connection refused"))

    failures.check()


def test_when_no_broker_is_left_the_cause_is_told() -> None:
    failures = Failures()
    failures(KafkaError(KafkaError._TRANSPORT, "kafka-1:9092: Connection refused"))
    failures(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))

    with pytest.raises(ConnectorError, match="Connection refused") as caught:
        failures.check()

    assert caught.value.reason is Reason.TARGET_UNREACHABLE


def test_a_credential_that_is_refused_is_told_at_once() -> None:
    failures = Failures()
    failures(KafkaError(KafkaError._AUTHENTICATION, "kafka-1:9092: Authentication failed"))

    with pytest.raises(ConnectorError) as caught:
        failures.check()

    assert caught.value.reason is Reason.CREDENTIAL_REFUSED
