"""Stripe: what its header may look like, and what its events are called."""

import hmac
from datetime import UTC, datetime

import pytest

from router.api import Reason, Request
from router.testing.received import records_of
from tests.unit.sources.webhook.refusals import refusal
from tests.unit.sources.webhook.senders import BODY, STRIPE, replaced
from tests.unit.sources.webhook.signing import NOW, PLAIN_SECRET, receiver, request

SIGNATURE = hmac.digest(PLAIN_SECRET.encode(), f"{NOW}.".encode() + BODY, "sha256").hex()
ZEROS = "0" * 64


def sent(header: str) -> Request:
    return request([("stripe-signature", header)], BODY)


@pytest.mark.parametrize(
    "header",
    [
        f"t={NOW},v1={SIGNATURE}",
        f"v1={SIGNATURE},t={NOW}",
        f"t={NOW},v1={ZEROS},v1={SIGNATURE}",
        f"t={NOW},v1=junk,v1={SIGNATURE},v0={ZEROS}",
        f"t={NOW},v1={SIGNATURE},v9=later",
    ],
)
def test_a_good_signature_among_others_is_found(header: str) -> None:
    assert records_of(STRIPE.endpoint, sent(header))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (f"v1={SIGNATURE}", Reason.TIMESTAMP_MISSING),
        (f"t=,v1={SIGNATURE}", Reason.TIMESTAMP_MALFORMED),
        (f"t={NOW}.0,v1={SIGNATURE}", Reason.TIMESTAMP_MALFORMED),
        (f"t=+{NOW},v1={SIGNATURE}", Reason.TIMESTAMP_MALFORMED),
        (f"t={NOW},t={NOW},v1={SIGNATURE}", Reason.TIMESTAMP_MALFORMED),
        (f"t={NOW + 1},v1={SIGNATURE}", Reason.SIGNATURE_MISMATCH),
        (f"t=0{NOW},v1={SIGNATURE}", Reason.SIGNATURE_MISMATCH),
        (f"t={NOW},v1={SIGNATURE.upper()}", Reason.SIGNATURE_MALFORMED),
        (f"t={NOW}, v1={SIGNATURE}", Reason.SCHEME_NOT_ALLOWED),
        (f"t={NOW};v1={SIGNATURE}", Reason.SIGNATURE_MALFORMED),
        (f"t={NOW},v0={SIGNATURE}", Reason.SCHEME_NOT_ALLOWED),
        (f"t={NOW}", Reason.SIGNATURE_MALFORMED),
        (",".join([f"t={NOW}", *[f"v1={ZEROS}"] * 11]), Reason.TOO_MANY_SIGNATURES),
    ],
)
def test_any_other_header_is_refused(header: str, reason: Reason) -> None:
    assert refusal(STRIPE.endpoint, sent(header)) is reason


def test_the_whole_secret_is_the_key_and_what_follows_its_prefix_is_no_base64() -> None:
    secret = "whsec_no base64 at all"
    signature = hmac.digest(secret.encode(), f"{NOW}.".encode() + BODY, "sha256").hex()

    assert records_of(receiver({"scheme": "stripe"}, [secret]), sent(f"t={NOW},v1={signature}"))


def test_a_longer_window_is_as_long_as_configured() -> None:
    endpoint = receiver({"scheme": "stripe", "tolerance_seconds": 600}, [PLAIN_SECRET])
    header = f"t={NOW},v1={SIGNATURE}"

    assert records_of(endpoint, request([("stripe-signature", header)], BODY, NOW + 600))
    late = request([("stripe-signature", header)], BODY, NOW + 601)
    assert refusal(endpoint, late) is Reason.TIMESTAMP_OUT_OF_WINDOW


@pytest.mark.parametrize("about", [b'"data":{"object":{"id":"cus_1"}}', b'"related_object":{"id":"cus_1"}'])
def test_an_event_is_named_by_its_id_type_and_object(about: bytes) -> None:
    body = b'{"id":"evt_1","type":"customer.created","created":1795000000,%s}' % about

    (record,) = records_of(STRIPE.endpoint, STRIPE.request(body))

    assert (record.id, record.type, record.subject) == ("evt_1", "customer.created", "cus_1")
    assert record.time == datetime.fromtimestamp(1_795_000_000, UTC)


def test_a_signature_made_for_a_rotation_counts_with_either_secret() -> None:
    new = "the new secret of the endpoint"
    both = hmac.digest(new.encode(), f"{NOW}.".encode() + BODY, "sha256").hex()
    rotated = replaced(STRIPE.request(), "stripe-signature", f"t={NOW},v1={SIGNATURE},v1={both}")

    assert records_of(STRIPE.endpoint, rotated)
    assert records_of(STRIPE.receiver(new), rotated)
