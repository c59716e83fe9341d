"""SendGrid's requests are accepted as its own tests sign them; others are refused with their reason."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from router.api import Reason
from tests.unit.sources.webhook.opening import only, opened, reason, refuses_settings, sent
from tests.unit.sources.webhook.signing import NOW

# From the tests of sendgrid-python: test/unit/test_eventwebhook.py.
PUBLIC_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc"
    "6wEA3F+g=="
)
OTHER_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1N"
    "Ge1OPzpA=="
)
SIGNATURE = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
OTHER_SIGNATURE = "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH3j/0="
SENT_AT = 1600112502
BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_id":'
    b'"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","sg_message_id":'
    b'"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","smtp-id":'
    b'"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)
HEADERS = {
    "x-twilio-email-event-webhook-signature": SIGNATURE,
    "x-twilio-email-event-webhook-timestamp": str(SENT_AT),
}
VERIFY = {"scheme": "sendgrid", "public_keys": [PUBLIC_KEY]}
PUBLISHED = opened(VERIFY)


def headers(**changes: str) -> tuple[tuple[str, str], ...]:
    long = {f"x-twilio-email-event-webhook-{name}": value for name, value in changes.items()}
    return tuple((HEADERS | long).items())


def test_the_published_vector_is_accepted_and_carried_without_its_signature() -> None:
    record = only(PUBLISHED, sent(headers(), BODY, at=SENT_AT))

    assert record.data == BODY
    assert SIGNATURE not in record.headers.values()


def test_each_event_of_a_batch_has_the_id_and_the_type_that_sendgrid_gave_it() -> None:
    receiver = opened(VERIFY, format="json_array")

    record = only(receiver, sent(headers(), BODY, at=SENT_AT))

    assert (record.id, record.type) == ("ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA", "dropped")
    assert record.subject == "hello@world.com"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"signature": OTHER_SIGNATURE}, Reason.SIGNATURE_MISMATCH),
        ({"signature": SIGNATURE[:-4] + "ZtN="}, Reason.SIGNATURE_MALFORMED),
        ({"signature": SIGNATURE.rstrip("=")}, Reason.SIGNATURE_MALFORMED),
        ({"signature": SIGNATURE + "\xff"}, Reason.SIGNATURE_MALFORMED),
        ({"signature": "A" * 400}, Reason.SIGNATURE_MALFORMED),
        ({"signature": "===="}, Reason.SIGNATURE_MALFORMED),
        ({"signature": ""}, Reason.SIGNATURE_MISSING),
        ({"timestamp": ""}, Reason.TIMESTAMP_MISSING),
        ({"timestamp": "timestamp"}, Reason.TIMESTAMP_MALFORMED),
        ({"timestamp": f"+{SENT_AT}"}, Reason.TIMESTAMP_MALFORMED),
        ({"timestamp": str(SENT_AT + 1)}, Reason.SIGNATURE_MISMATCH),
    ],
)
def test_a_wrong_header_is_refused_with_its_reason(changes: dict[str, str], expected: Reason) -> None:
    assert reason(PUBLISHED, sent(headers(**changes), BODY, at=SENT_AT)) is expected


def test_another_key_or_another_body_does_not_match() -> None:
    other = opened({"scheme": "sendgrid", "public_keys": [OTHER_KEY]})

    assert reason(other, sent(headers(), BODY, at=SENT_AT)) is Reason.SIGNATURE_MISMATCH
    assert reason(PUBLISHED, sent(headers(), BODY.strip(), at=SENT_AT)) is Reason.SIGNATURE_MISMATCH


def test_while_keys_are_being_replaced_both_are_accepted() -> None:
    both = opened({"scheme": "sendgrid", "public_keys": [OTHER_KEY, PUBLIC_KEY]})

    assert only(both, sent(headers(), BODY, at=SENT_AT)).data == BODY


def test_exactly_the_tolerance_passes_and_one_second_more_does_not() -> None:
    for offset in (-300, 300):
        assert only(PUBLISHED, sent(headers(), BODY, at=SENT_AT + offset)).data == BODY
    for offset in (-301, 301):
        assert reason(PUBLISHED, sent(headers(), BODY, at=SENT_AT + offset)) is Reason.TIMESTAMP_OUT_OF_WINDOW


def test_a_second_signature_is_refused() -> None:
    twice = (*headers(), ("x-twilio-email-event-webhook-signature", SIGNATURE))

    assert reason(PUBLISHED, sent(twice, BODY, at=SENT_AT)) is Reason.DUPLICATE_HEADER


def encoded(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> str:
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def test_any_signature_of_the_key_is_accepted_whatever_its_length() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    receiver = opened({"scheme": "sendgrid", "public_keys": [encoded(private.public_key())]})

    for number in range(50):
        signed = private.sign(b"%d%d" % (NOW, number), ec.ECDSA(SHA256()))
        given = headers(signature=base64.b64encode(signed).decode(), timestamp=str(NOW))
        assert only(receiver, sent(given, b"%d" % number)).data == b"%d" % number


@pytest.mark.parametrize(
    "key",
    [
        "",
        "no key",
        base64.b64encode(b"no key").decode(),
        encoded(ec.generate_private_key(ec.SECP384R1()).public_key()),
        encoded(rsa.generate_private_key(65537, 2048).public_key()),
    ],
)
def test_what_is_no_key_on_the_curve_is_refused_as_a_setting(key: str) -> None:
    assert refuses_settings({"scheme": "sendgrid", "public_keys": [key]})
