"""Standard Webhooks: symmetric and asymmetric signatures, and that no key is taken for one of the other kind."""

import base64
import hmac
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

from router.api import ConnectorError, Reason, Sending
from router.testing.received import records_of
from tests.unit.sources.webhook.refusals import VECTORS, headers_of, refusal
from tests.unit.sources.webhook.senders import BODY, STANDARD, replaced
from tests.unit.sources.webhook.signing import NOW, STANDARD_SECRET, receiver, request

VECTOR = VECTORS["standard-webhooks-v1a"]
PUBLIC = VECTOR["public"]
PRIVATE = Ed25519PrivateKey.from_private_bytes(base64.b64decode(VECTOR["private_seed_b64"]))
SIGNED_AT = int(VECTOR["headers"]["webhook-timestamp"])
ASYMMETRIC = receiver({"scheme": "standard_webhooks"}, [PUBLIC])
VERIFY = {"scheme": "standard_webhooks"}


def test_the_published_asymmetric_vector_is_accepted_and_any_other_body_refused() -> None:
    body = VECTOR["body"].encode()

    assert records_of(ASYMMETRIC, request(headers_of(VECTOR), body, SIGNED_AT))
    for other in (body + b" ", body[:-1], b""):
        assert refusal(ASYMMETRIC, request(headers_of(VECTOR), other, SIGNED_AT)) is Reason.SIGNATURE_MISMATCH


def test_an_asymmetric_signature_is_refused_where_there_is_no_public_key() -> None:
    received = request(headers_of(VECTOR), VECTOR["body"].encode(), SIGNED_AT)

    assert refusal(STANDARD.endpoint, received) is Reason.SCHEME_NOT_ALLOWED


def test_a_symmetric_signature_is_refused_where_there_is_a_public_key_only() -> None:
    assert refusal(ASYMMETRIC, STANDARD.request()) is Reason.SCHEME_NOT_ALLOWED


@pytest.mark.parametrize("key", [base64.b64decode(PUBLIC.removeprefix("whpk_")), PUBLIC.encode()])
def test_who_signs_with_the_public_key_as_a_secret_is_refused(key: bytes) -> None:
    signed = f"msg_1.{NOW}.".encode() + BODY
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    both = receiver(VERIFY, [STANDARD_SECRET, PUBLIC])

    for endpoint, reason in ((ASYMMETRIC, Reason.SCHEME_NOT_ALLOWED), (both, Reason.SIGNATURE_MISMATCH)):
        forged = replaced(STANDARD.request(), "webhook-signature", f"v1,{signature}")
        assert refusal(endpoint, forged) is reason


@pytest.mark.parametrize(
    "secret",
    [
        "whsk_" + VECTOR["private_seed_b64"],
        "whpk_",
        "whpk_c2hvcnQ=",
        "whpk_!!!!",
        "whpk_" + base64.b64encode(b"x" * 33).decode(),
    ],
)
def test_what_is_neither_a_secret_nor_a_public_key_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(ConnectorError) as raised:
        receiver(VERIFY, [secret])

    assert raised.value.reason is Reason.SECRET_UNUSABLE
    assert secret == "whpk_" or secret not in str(raised.value)


def test_a_secret_without_its_prefix_is_the_same_secret() -> None:
    assert records_of(receiver(VERIFY, [STANDARD_SECRET.removeprefix("whsec_")]), STANDARD.request())


def test_while_a_sender_goes_over_to_asymmetric_signatures_both_are_accepted() -> None:
    both = receiver(VERIFY, [STANDARD_SECRET, PUBLIC])
    signature = base64.b64encode(PRIVATE.sign(f"msg_1.{NOW}.".encode() + BODY)).decode()
    (symmetric,) = STANDARD.request().values("webhook-signature")

    for text in (symmetric, f"v1a,{signature}", f"v1a,{signature} {symmetric}", f"v1,junk v1a,{signature}"):
        assert records_of(both, replaced(STANDARD.request(), "webhook-signature", text))


@pytest.mark.parametrize("change", [lambda text: text[:-3] + "h==", lambda text: text[:-2], lambda text: text + "="])
def test_only_the_canonical_asymmetric_signature_is_accepted(change: Callable[[str], str]) -> None:
    """The last character before the padding carries unused bits: `h` decodes to the same bytes as `g`."""
    headers = dict(headers_of(VECTOR))
    headers["webhook-signature"] = change(headers["webhook-signature"])

    received = request(list(headers.items()), VECTOR["body"].encode(), SIGNED_AT)

    assert refusal(ASYMMETRIC, received) is Reason.SIGNATURE_MALFORMED


def test_the_reference_library_accepts_what_is_signed_here() -> None:
    body = b'{"type": "order.paid"}'
    sending = Sending("https://a.example/hooks", body, "msg_1", "order.paid", "application/json", SIGNED_AT)
    config = STANDARD.config()

    headers = dict(config.verify.sign(sending))

    assert (
        Webhook(STANDARD_SECRET).sign("msg_1", datetime.fromtimestamp(SIGNED_AT, UTC), body.decode())
        == headers["webhook-signature"]
    )


def test_nothing_can_be_signed_with_a_public_key() -> None:
    sending = Sending("https://a.example/hooks", b"", "msg_1", "order.paid", "application/json", NOW)

    with pytest.raises(ConnectorError) as raised:
        STANDARD.config(PUBLIC).verify.sign(sending)

    assert raised.value.reason is Reason.USAGE
