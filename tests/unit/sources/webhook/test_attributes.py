"""What a record is called is taken from where the configuration says, exactly as it is written there."""

from collections.abc import Mapping

import pytest

from router.api import ConnectorError, Reason, Record
from router.testing.received import records_of
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.signing import PLAIN_SECRET, STANDARD_SECRET, github, receiver, request, standard

STANDARD = receiver({"scheme": "standard_webhooks"}, [STANDARD_SECRET])
GITHUB = receiver({"scheme": "github"}, [PLAIN_SECRET])


def generic(**event: Mapping[str, str]) -> WebhookReceiver:
    """An endpoint that verifies as GitHub does, and has these attributes."""
    return receiver(
        {"scheme": "hmac", "header": "x-hub-signature-256", "prefix": "sha256="}, [PLAIN_SECRET], event=event
    )


def received(endpoint: WebhookReceiver, body: bytes, *headers: tuple[str, str]) -> Record:
    (record,) = records_of(endpoint, request([*github(body), *headers], body))
    return record


def refusal(endpoint: WebhookReceiver, body: bytes, *headers: tuple[str, str]) -> Reason:
    with pytest.raises(ConnectorError) as raised:
        received(endpoint, body, *headers)
    return raised.value.reason


def test_github_names_the_event_by_delivery_event_action_and_repository() -> None:
    body = b'{"action":"opened","repository":{"full_name":"octo/hello"},"n":18446744073709551616}'

    (record,) = records_of(GITHUB, request([*github(body), ("authorization", "Bearer x"), ("x-extra", "1")], body))

    assert (record.id, record.type) == ("72d3162e-cc78-11e3-81ab-4c9367dc0958", "issues.opened")
    assert (record.subject, record.data) == ("octo/hello", body)
    assert set(record.headers) == {"x-github-delivery", "x-github-event", "x-extra"}


def test_a_body_that_is_no_json_is_carried_as_it_is() -> None:
    body = b"\xff\x00not json"

    (record,) = records_of(STANDARD, request(standard(body), body))

    assert (record.data, record.type, record.id) == (body, "webhook", "msg_1")


def test_without_an_id_the_same_body_is_the_same_event() -> None:
    endpoint = receiver({"scheme": "hmac", "header": "x-hub-signature-256", "prefix": "sha256="}, [PLAIN_SECRET])

    (one,) = records_of(endpoint, request(github()))
    (two,) = records_of(endpoint, request(github()))
    (other,) = records_of(endpoint, request(github(b"other"), b"other"))

    assert one.id == two.id != other.id


@pytest.mark.parametrize("text", ["a\\u0000b", "a\\nb", "x" * 256])
def test_an_id_of_control_characters_or_too_many_is_refused(text: str) -> None:
    assert refusal(generic(id={"body": "id"}), b'{"id": "%s"}' % text.encode()) is Reason.ID_MALFORMED


@pytest.mark.parametrize("number", ["18446744073709551616", "18446744073709551617", "1.50", "1e3", "-0.0", "12"])
def test_a_number_is_an_id_as_it_is_written(number: str) -> None:
    """As floats, two large integers would be the same id, and one of the two events taken for a repetition."""
    assert received(generic(id={"body": "id"}), b'{"id": %s}' % number.encode()).id == number


def test_a_number_too_deep_to_be_read_again_is_no_id() -> None:
    body = b'{"id": 1.5, "a": ' + b"[" * 1_020 + b"]" * 1_020 + b"}"

    assert received(generic(id={"body": "id"}), body).id in ("1.5", received(generic(), body).id)


@pytest.mark.parametrize("attribute", ["id", "type", "subject", "time"])
def test_a_body_that_must_be_json_and_is_not_is_refused(attribute: str) -> None:
    endpoint = generic(**{attribute: {"body": "a.b"}})

    for body in (b"", b"\xff", b"a=b", b"{", b'{"a": NaN}', b'{"a": 1e400}', b"[" * 100_000, b'{"a": "\\ud800"}'):
        assert refusal(endpoint, body) is Reason.PAYLOAD_MALFORMED


def test_a_field_that_is_missing_is_left_out() -> None:
    record = received(generic(type={"body": "a.b"}, subject={"body": "a.0"}, time={"body": "t"}), b'{"a": null}')

    assert (record.type, record.subject, record.time) == ("webhook", None, None)


def test_a_header_that_occurs_twice_names_nothing() -> None:
    assert refusal(GITHUB, b"{}", ("x-github-delivery", "another")) is Reason.DUPLICATE_HEADER


def test_a_name_in_any_language_is_carried() -> None:
    body = '{"s": "\u3000日本\u00a0語\u200b"}'.encode()

    assert received(generic(subject={"body": "s"}), body).subject == "\u3000日本\u00a0語\u200b"


@pytest.mark.parametrize("text", ["a\\u0000", "a\\n", "\\u0085", "\\ufffe", "x" * 256])
def test_a_subject_that_an_event_cannot_have_is_refused(text: str) -> None:
    assert refusal(generic(subject={"body": "s"}), b'{"s": "%s"}' % text.encode()) is Reason.PAYLOAD_MALFORMED
