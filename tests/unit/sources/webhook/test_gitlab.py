"""GitLab: the secret token and the signing token, and what its deliveries are called."""

import pytest

from router.api import ConnectorError, Reason, Record, Request, Sending
from router.testing.received import records_of
from tests.unit.sources.webhook.refusals import refusal
from tests.unit.sources.webhook.senders import GITLAB, replaced
from tests.unit.sources.webhook.signing import NOW, STANDARD_SECRET, receiver, request

TOKEN = "a token: \xfcml\xe4ute"
VERIFY = {"scheme": "gitlab"}
BODY = b'{"object_kind":"merge_request","project":{"path_with_namespace":"a/b"},"object_attributes":{"action":"open"}}'
DELIVERY = [
    ("x-gitlab-event", "Merge Request Hook"),
    ("x-gitlab-event-uuid", "recursive"),
    ("idempotency-key", "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"),
]
SHOWN = ("x-gitlab-token", TOKEN.encode().decode("latin-1"))


def one(received: Request) -> Record:
    (record,) = records_of(receiver(VERIFY, [TOKEN]), received)
    return record


def test_a_delivery_is_named_by_its_idempotency_key_event_action_and_project() -> None:
    record = one(request([*DELIVERY, SHOWN], BODY))

    assert (record.id, record.type) == ("f5e5f430-f57b-4e6e-9fac-d9128cd7232f", "Merge Request Hook.open")
    assert record.subject == "a/b"
    assert "x-gitlab-token" not in record.headers


def test_events_that_a_webhook_has_caused_are_not_one() -> None:
    """They share the event's UUID with the first."""
    first = one(request([DELIVERY[1], SHOWN], b'{"a": 1}'))
    second = one(request([DELIVERY[1], SHOWN], b'{"a": 2}'))

    assert first.id != second.id


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ((), Reason.SIGNATURE_MISSING),
        (("",), Reason.SIGNATURE_MISSING),
        (("a token",), Reason.SIGNATURE_MISMATCH),
        ((SHOWN[1] + " ",), Reason.SIGNATURE_MISMATCH),
        ((TOKEN,), Reason.SIGNATURE_MISMATCH),
        (("\u65e5\u672c",), Reason.SIGNATURE_MISMATCH),
        ((SHOWN[1], SHOWN[1]), Reason.DUPLICATE_HEADER),
    ],
)
def test_any_other_token_is_refused(values: tuple[str, ...], reason: Reason) -> None:
    headers = [("x-gitlab-token", value) for value in values]

    assert refusal(receiver(VERIFY, [TOKEN]), request(headers, BODY)) is reason


@pytest.mark.parametrize("token", ["", "seven77", "whsec_", "whsec_c2hvcnQ="])
def test_a_token_that_is_too_short_is_refused_at_the_start(token: str) -> None:
    with pytest.raises(ConnectorError) as raised:
        receiver(VERIFY, [token])

    assert raised.value.reason is Reason.SECRET_UNUSABLE


def test_a_signing_token_shown_as_a_secret_token_proves_nothing() -> None:
    headers = [("x-gitlab-token", STANDARD_SECRET)]

    assert refusal(GITLAB.endpoint, request(headers, BODY)) is Reason.SIGNATURE_MISSING


def test_with_both_tokens_a_wrong_signature_is_refused_even_with_the_right_secret_token() -> None:
    both = receiver(VERIFY, [STANDARD_SECRET, TOKEN])
    signed = GITLAB.request()
    forged = replaced(signed, "webhook-timestamp", str(NOW - 1))
    headers = (*forged.headers, SHOWN)

    assert records_of(both, signed)
    assert records_of(both, request([*DELIVERY, SHOWN], BODY))
    assert refusal(both, Request("POST", "/hooks", headers, signed.body, NOW)) is Reason.SIGNATURE_MISMATCH


def test_with_a_secret_token_requests_are_made_as_gitlab_does() -> None:
    sending = Sending("https://a.example/hooks", BODY, "id-1", "Push Hook", "application/json", NOW)

    record = one(request(GITLAB.config(TOKEN).verify.sign(sending), BODY))

    assert (record.id, record.type) == ("id-1", "Push Hook.open")
