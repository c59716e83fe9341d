"""What an attacker may send to an endpoint of any scheme, and with what reason it is refused."""

import json
import time
from collections.abc import Sequence

import pytest

from router.api import ConnectorError, ErrorClass, Reason, Request
from router.testing.received import records_of
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.senders import (
    BITBUCKET,
    BODY,
    GENERIC,
    GITHUB,
    GITLAB,
    SENDERS,
    SHOPIFY,
    SLACK,
    STAMPED,
    STANDARD,
    STRIPE,
    TWILIO,
    SignedBy,
    replaced,
    with_parts,
)
from tests.unit.sources.webhook.signing import NOW

MALFORMED_TIMESTAMPS = [f"{NOW}.9", f" {NOW}", "1_6", f"+{NOW}", "1e9", "\xb2\xb3", "9" * 400, "-1"]
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def every(senders: Sequence[SignedBy]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sender", senders, ids=[sender.name for sender in senders])


def refusal(endpoint: WebhookReceiver, received: Request) -> Reason:
    with pytest.raises(ConnectorError) as raised:
        records_of(endpoint, received)
    return raised.value.reason


def signature_of(sender: SignedBy, request: Request) -> str:
    (value,) = request.values(sender.signature)
    return value


@every(SENDERS)
def test_what_the_sender_signs_is_accepted_and_carried(sender: SignedBy) -> None:
    (record,) = records_of(sender.endpoint, sender.request())

    assert record.data == BODY
    assert sender.signature not in record.headers


@every(SENDERS)
def test_a_request_without_a_signature_is_refused(sender: SignedBy) -> None:
    for values in ((), ("",)):
        assert refusal(sender.endpoint, replaced(sender.request(), sender.signature, *values)) in (
            Reason.SIGNATURE_MISSING,
            Reason.DUPLICATE_HEADER,
        )


@every(SENDERS)
def test_the_signature_of_another_body_is_refused(sender: SignedBy) -> None:
    reserialized = json.dumps(json.loads(BODY), separators=(",", ":")).encode()

    for body in (b"{}", b"", BODY + b" ", reserialized, BODY[:-1]):
        assert refusal(sender.endpoint, with_parts(sender.request(), body=body)) is Reason.SIGNATURE_MISMATCH


@every((*STAMPED, STRIPE))
def test_a_timestamp_outside_the_window_is_refused(sender: SignedBy) -> None:
    for sent_at in (NOW - 301, NOW + 301):
        assert refusal(sender.endpoint, sender.request(sent_at=sent_at)) is Reason.TIMESTAMP_OUT_OF_WINDOW


@every((*STAMPED, STRIPE))
def test_the_window_includes_its_edges(sender: SignedBy) -> None:
    for sent_at in (NOW - 300, NOW + 300):
        assert records_of(sender.endpoint, sender.request(sent_at=sent_at))


@every(STAMPED)
@pytest.mark.parametrize("text", MALFORMED_TIMESTAMPS)
def test_a_timestamp_is_digits_and_nothing_else(sender: SignedBy, text: str) -> None:
    received = replaced(sender.request(), sender.timestamp or "", text)

    assert refusal(sender.endpoint, received) is Reason.TIMESTAMP_MALFORMED


@every(STAMPED)
def test_a_timestamp_that_is_missing_or_not_the_signed_one_is_refused(sender: SignedBy) -> None:
    missing = replaced(sender.request(), sender.timestamp or "")
    other = replaced(sender.request(), sender.timestamp or "", str(NOW + 1))
    padded = replaced(sender.request(), sender.timestamp or "", f"0{NOW}")

    assert refusal(sender.endpoint, missing) is Reason.TIMESTAMP_MISSING
    assert refusal(sender.endpoint, other) is Reason.SIGNATURE_MISMATCH
    assert refusal(sender.endpoint, padded) is Reason.SIGNATURE_MISMATCH


@every(SENDERS)
def test_a_repetition_is_the_same_event_and_another_event_another(sender: SignedBy) -> None:
    other_body = BODY.replace(b"evt_1", b"evt_2")
    (first,) = records_of(sender.endpoint, sender.request())
    (again,) = records_of(sender.endpoint, sender.request(sent_at=NOW + 60, at=NOW + 60))
    (other,) = records_of(sender.endpoint, sender.request(other_body, event="msg_2"))

    assert (first.idempotency_key or first.id) == (again.idempotency_key or again.id)
    assert (first.idempotency_key or first.id) != (other.idempotency_key or other.id)


@every(SENDERS)
@pytest.mark.parametrize("text", ["v1,", "v1", "garbage", "v1,a,b", "v1,x " * 1_600, "=", ",", ",,=,", "v1=,v1=", "t="])
def test_a_signature_that_cannot_be_read_is_refused_at_once(sender: SignedBy, text: str) -> None:
    received = replaced(sender.request(), sender.signature, text)
    endpoint = sender.endpoint

    started = time.process_time()
    reason = refusal(endpoint, received)
    taken = time.process_time() - started

    assert reason in (Reason.SIGNATURE_MALFORMED, Reason.SCHEME_NOT_ALLOWED, Reason.TOO_MANY_SIGNATURES)
    assert taken < 0.05


@every(SENDERS)
def test_a_signature_with_anything_added_is_refused(sender: SignedBy) -> None:
    signature = signature_of(sender, sender.request())

    for text in (signature + "=", signature[:-5] + "!" + signature[-4:], signature + "\n", signature.swapcase()):
        reason = refusal(sender.endpoint, replaced(sender.request(), sender.signature, text))
        assert reason in (Reason.SIGNATURE_MALFORMED, Reason.SCHEME_NOT_ALLOWED, Reason.SIGNATURE_MISMATCH)


@every((STANDARD, GITLAB, SHOPIFY, TWILIO))
def test_only_canonical_base64_is_a_signature(sender: SignedBy) -> None:
    """The last character before the padding carries unused bits: another one decodes to the same bytes."""
    signature = signature_of(sender, sender.request())
    twin = signature[:-2] + BASE64[BASE64.index(signature[-2]) ^ 1] + "="

    received = replaced(sender.request(), sender.signature, twin)

    assert refusal(sender.endpoint, received) is Reason.SIGNATURE_MALFORMED


@pytest.mark.parametrize(
    ("sender", "wrong", "separator"),
    [
        (STANDARD, "v1,x", " "),
        (GITLAB, "v1,x", " "),
        (STRIPE, "v1=" + "0" * 64, ","),
        (GENERIC, "v1=" + "A" * 86 + "==", ","),
    ],
)
def test_the_right_signature_counts_among_ten_and_not_after_a_thousand(
    sender: SignedBy, wrong: str, separator: str
) -> None:
    signature = signature_of(sender, sender.request())
    few = replaced(sender.request(), sender.signature, separator.join([wrong] * 9 + [signature]))
    many = replaced(sender.request(), sender.signature, separator.join([wrong] * 1_000 + [signature]))

    assert records_of(sender.endpoint, few)
    assert refusal(sender.endpoint, many) is Reason.TOO_MANY_SIGNATURES


@every([sender for sender in SENDERS if sender.weaker])
def test_a_signature_of_a_weaker_scheme_alone_is_refused(sender: SignedBy) -> None:
    received = replaced(sender.request(), sender.signature, sender.weaker or "")

    assert refusal(sender.endpoint, received) is Reason.SCHEME_NOT_ALLOWED


@every(SENDERS)
def test_bytes_that_are_no_ascii_are_refused(sender: SignedBy) -> None:
    signature = signature_of(sender, sender.request())

    for text in ("\xe9\xff", signature[:-1] + "\xe9", f"v1,{chr(233) * 44}", f"sha256={chr(178) * 64}"):
        with pytest.raises(ConnectorError) as raised:
            records_of(sender.endpoint, replaced(sender.request(), sender.signature, text))
        assert raised.value.error_class is ErrorClass.AUTH_FAILED


@pytest.mark.parametrize(("sender", "header"), [(STANDARD, "webhook-id"), (GITLAB, "webhook-id"), (GENERIC, "x-id")])
@pytest.mark.parametrize("text", ["", "a.b", "a\x07", "\xe9", "x" * 256])
def test_a_signed_id_that_could_be_read_in_two_ways_is_refused(sender: SignedBy, header: str, text: str) -> None:
    assert refusal(sender.endpoint, replaced(sender.request(), header, text)) is Reason.ID_MALFORMED


@every(SENDERS)
def test_a_signed_header_that_occurs_twice_is_refused(sender: SignedBy) -> None:
    for name in (sender.signature, sender.timestamp):
        if name is not None:
            values = sender.request().values(name)
            received = replaced(sender.request(), name, *values, *values)
            assert refusal(sender.endpoint, received) is Reason.DUPLICATE_HEADER


@every(SENDERS)
def test_an_empty_secret_is_refused_at_the_start(sender: SignedBy) -> None:
    for secret in ("", "whsec_" if sender in (STANDARD, GITLAB) else "abc"):
        with pytest.raises(ConnectorError) as raised:
            sender.receiver(secret)
        assert raised.value.reason is Reason.SECRET_UNUSABLE


@every(SENDERS)
def test_while_secrets_rotate_both_are_accepted_and_afterwards_one(sender: SignedBy) -> None:
    both = sender.receiver(sender.secret, sender.other_secret)
    after = sender.receiver(sender.other_secret)
    old, new = sender.request(), sender.request(secret=sender.other_secret)

    assert records_of(both, old)
    assert records_of(both, new)
    assert records_of(after, new)
    assert refusal(after, old) is Reason.SIGNATURE_MISMATCH


@every((GITHUB, BITBUCKET, SHOPIFY, SLACK, STRIPE, TWILIO))
def test_no_key_fits_an_endpoint_of_another_scheme(sender: SignedBy) -> None:
    for other in SENDERS:
        if other.signature != sender.signature:
            assert refusal(sender.endpoint, other.request()) is Reason.SIGNATURE_MISSING
