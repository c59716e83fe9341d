"""What is signed is accepted; what is not, in whatever way, is refused with its own reason."""

import base64
import hmac
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook

from router.api import ConnectorError, Reason, Request
from router.testing.received import records_of
from sources.webhook.config import WebhookConfig
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.signing import (
    BODY,
    KEY,
    NOW,
    PLAIN_SECRET,
    STANDARD_SECRET,
    changed,
    github,
    receiver,
    request,
    standard,
)

VECTORS: dict[str, dict[str, Any]] = {
    vector["scheme"]: vector
    for vector in json.loads((Path(__file__).parents[3] / "vectors" / "signatures.json").read_text())
}
STANDARD = receiver({"scheme": "standard_webhooks"}, [STANDARD_SECRET])
GITHUB = receiver({"scheme": "github"}, [PLAIN_SECRET])
SIGNATURE = dict(standard())["webhook-signature"]


def refusal(endpoint: WebhookReceiver, received: Request) -> Reason:
    with pytest.raises(ConnectorError) as raised:
        records_of(endpoint, received)
    return raised.value.reason


GENERIC_SLACK = {
    "scheme": "hmac",
    "header": "x-slack-signature",
    "prefix": "v0=",
    "timestamp_header": "x-slack-request-timestamp",
    "signed": "v0:{timestamp}:{body}",
}


@pytest.mark.parametrize(
    ("scheme", "verify"),
    [
        ("standard-webhooks-v1", {"scheme": "standard_webhooks"}),
        ("github-sha256", {"scheme": "github"}),
        ("slack-v0", {"scheme": "slack"}),
        ("slack-v0", GENERIC_SLACK),
        ("stripe-v1", {"scheme": "stripe"}),
        ("shopify-sha256", {"scheme": "shopify"}),
    ],
)
def test_a_published_vector_is_accepted_and_any_other_body_refused(scheme: str, verify: dict[str, object]) -> None:
    vector = VECTORS[scheme]
    endpoint = receiver(verify, [vector["secret"]])
    headers = [(name.lower(), value) for name, value in vector["headers"].items()]
    sent_at = next((int(value) for name, value in headers if name.endswith("timestamp")), 1_492_774_577)

    (record,) = records_of(endpoint, request(headers, vector["body"].encode(), sent_at))

    assert record.data == vector["body"].encode()
    for other in (vector["body"] + " ", vector["body"].replace(":", ": "), vector["body"][:-1]):
        if other != vector["body"]:
            assert refusal(endpoint, request(headers, other.encode(), sent_at)) is Reason.SIGNATURE_MISMATCH


def test_the_published_vector_of_the_primitive_is_accepted() -> None:
    vector = VECTORS["rfc4231-case1"]
    endpoint = receiver({"scheme": "hmac", "header": "x-sign"}, [bytes.fromhex(vector["key_hex"]).decode()])

    records_of(endpoint, request([("x-sign", vector["hmac_sha256"])], vector["body"].encode()))


def test_what_the_reference_library_signs_is_accepted() -> None:
    sent_at = datetime.fromtimestamp(NOW, UTC)
    signature = Webhook(STANDARD_SECRET).sign("msg_1", sent_at, BODY.decode())

    records_of(STANDARD, request(changed(standard(), "webhook-signature", signature)))


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (changed(standard(), "webhook-signature"), Reason.SIGNATURE_MISSING),
        (changed(standard(), "webhook-signature", ""), Reason.SIGNATURE_MISSING),
        (standard(b"other"), Reason.SIGNATURE_MISMATCH),
        (standard(key=b"another key of thirty-two bytes!"), Reason.SIGNATURE_MISMATCH),
        (changed(standard(), "webhook-timestamp"), Reason.TIMESTAMP_MISSING),
        (standard(sent_at=NOW - 301), Reason.TIMESTAMP_OUT_OF_WINDOW),
        (standard(sent_at=NOW + 301), Reason.TIMESTAMP_OUT_OF_WINDOW),
        (changed(standard(), "webhook-id"), Reason.ID_MALFORMED),
        (standard(message_id="a.b"), Reason.ID_MALFORMED),
        (standard(message_id="a\x07"), Reason.ID_MALFORMED),
        (standard(message_id="x" * 256), Reason.ID_MALFORMED),
        (changed(standard(), "webhook-signature", SIGNATURE, SIGNATURE), Reason.DUPLICATE_HEADER),
        ([*standard(), ("webhook-timestamp", str(NOW))], Reason.DUPLICATE_HEADER),
        ([*standard(), ("webhook-id", "msg_1")], Reason.DUPLICATE_HEADER),
        (changed(standard(), "webhook-signature", SIGNATURE, ""), Reason.DUPLICATE_HEADER),
        (changed(standard(), "webhook-signature", SIGNATURE.replace("v1", "v2")), Reason.SCHEME_NOT_ALLOWED),
        (changed(standard(), "webhook-signature", "v0=" + "0" * 64), Reason.SCHEME_NOT_ALLOWED),
        (changed(standard(), "webhook-signature", "sha1=" + "0" * 40), Reason.SCHEME_NOT_ALLOWED),
        (
            changed(standard(), "webhook-signature", " ".join(["v1,x"] * 1_000 + [SIGNATURE])),
            Reason.TOO_MANY_SIGNATURES,
        ),
    ],
)
def test_standard_webhooks_refuses(headers: list[tuple[str, str]], reason: Reason) -> None:
    assert refusal(STANDARD, request(headers)) is reason


@pytest.mark.parametrize("sent_at", [NOW - 300, NOW + 300])
def test_the_window_includes_its_edges(sent_at: int) -> None:
    records_of(STANDARD, request(standard(sent_at=sent_at)))


@pytest.mark.parametrize("text", [f"{NOW}.9", f" {NOW}", "1_6", f"+{NOW}", "1e9", "١٧٩٥٠٠٠٠٠٠", "9" * 400, "-1"])
def test_a_timestamp_is_digits_and_nothing_else(text: str) -> None:
    assert refusal(STANDARD, request(standard(sent_at=text))) is Reason.TIMESTAMP_MALFORMED


@pytest.mark.parametrize(
    "text", ["v1,", "v1", "garbage", "v1,a,b", "v1,\xe9\xff", "v1,x " * 9, "v1," + "A" * 8_000, "  "]
)
def test_a_signature_that_cannot_be_read_is_malformed(text: str) -> None:
    headers = changed(standard(), "webhook-signature", text)

    assert refusal(STANDARD, request(headers)) in (Reason.SIGNATURE_MALFORMED, Reason.SCHEME_NOT_ALLOWED)


def test_only_canonical_base64_is_a_signature() -> None:
    """The last character before the padding carries two unused bits: another one decodes to the same bytes."""
    last = SIGNATURE[-2]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = SIGNATURE[:-2] + alphabet[alphabet.index(last) ^ 1] + "="

    for text in (twin, SIGNATURE.replace("v1,", "v1, "), SIGNATURE[:10] + "!" + SIGNATURE[10:]):
        headers = changed(standard(), "webhook-signature", text)
        assert refusal(STANDARD, request(headers)) is Reason.SIGNATURE_MALFORMED


def test_a_valid_signature_among_others_is_found() -> None:
    wrong = "v1," + "A" * 43 + "="
    headers = changed(standard(), "webhook-signature", f"{wrong} v2,abc {SIGNATURE} v1,junk")

    records_of(STANDARD, request(headers))


def test_while_secrets_rotate_both_are_accepted_and_afterwards_one() -> None:
    new_key = b"another key of thirty-two bytes!"
    new_secret = "whsec_" + "YW5vdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyE="
    both = receiver({"scheme": "standard_webhooks"}, [STANDARD_SECRET, new_secret])
    after = receiver({"scheme": "standard_webhooks"}, [new_secret])

    for key in (KEY, new_key):
        records_of(both, request(standard(key=key)))
    records_of(after, request(standard(key=new_key)))

    assert refusal(after, request(standard())) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!", "whsec_" + "QUFB" * 30])
def test_a_standard_secret_of_the_wrong_size_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(ConnectorError) as raised:
        receiver({"scheme": "standard_webhooks"}, [secret])

    assert raised.value.reason is Reason.SECRET_UNUSABLE
    assert "SECRET_0" in raised.value.message
    assert secret in ("", "whsec_") or secret not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ((), Reason.SIGNATURE_MISSING),
        (("sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59",), Reason.SCHEME_NOT_ALLOWED),
        (("v0=" + "0" * 64,), Reason.SCHEME_NOT_ALLOWED),
        (("sha256=" + "0" * 64,), Reason.SIGNATURE_MISMATCH),
        (("sha256=" + "0" * 63,), Reason.SIGNATURE_MALFORMED),
        (("sha256=" + "A" * 64,), Reason.SIGNATURE_MALFORMED),
        (("sha256=" + "\xe9" * 64,), Reason.SIGNATURE_MALFORMED),
        (("sha256=" + "0" * 64, "sha256=" + "0" * 64), Reason.DUPLICATE_HEADER),
    ],
)
def test_github_refuses(value: tuple[str, ...], reason: Reason) -> None:
    assert refusal(GITHUB, request(changed(github(), "x-hub-signature-256", *value))) is reason


def test_the_generic_scheme_signs_timestamp_and_body_as_configured() -> None:
    verify = {
        "scheme": "hmac",
        "header": "x-sign",
        "algorithm": "sha512",
        "encoding": "base64",
        "prefix": "t=",
        "timestamp_header": "x-time",
        "signed": "{timestamp}:{body}",
    }
    event = {"id": {"body": "event.id"}, "type": {"header": "x-kind"}, "time": {"body": "at"}}
    endpoint = receiver(verify, [PLAIN_SECRET], event=event)
    body = b'{"event": {"id": 7}, "at": "2026-11-23T10:00:00Z"}'

    signature = base64.b64encode(hmac.digest(PLAIN_SECRET.encode(), f"{NOW}:".encode() + body, "sha512")).decode()
    headers = [("x-sign", f"t={signature}"), ("x-time", str(NOW)), ("x-kind", "made")]

    (record,) = records_of(endpoint, request(headers, body))

    assert (record.id, record.type, record.time) == ("7", "made", datetime(2026, 11, 23, 10, tzinfo=UTC))
    assert refusal(endpoint, request(headers, body, NOW + 301)) is Reason.TIMESTAMP_OUT_OF_WINDOW


def test_the_signature_for_one_endpoint_is_refused_at_another() -> None:
    other = receiver({"scheme": "github"}, ["the secret of another endpoint"])

    assert refusal(other, request(github())) is Reason.SIGNATURE_MISMATCH


def test_a_repeated_delivery_is_the_same_event() -> None:
    (one,), (two,) = records_of(STANDARD, request(standard())), records_of(STANDARD, request(standard(), at=NOW + 299))

    assert one.id == two.id


@pytest.mark.parametrize(
    ("config", "more"),
    [
        ({"signed": "{timestamp}.{body}"}, {}),
        ({"signed": "{body}{body}"}, {}),
        ({"signed": "v0:"}, {}),
        ({"signed": "{body}", "timestamp_header": "x-time"}, {}),
        ({"signed": "{timestamp}", "timestamp_header": "x-time"}, {}),
        ({"separator": "."}, {}),
        ({"algorithm": "md5"}, {}),
        ({}, {"event": {"id": {"header": "x-id", "body": "id"}}}),
        ({}, {"event": {"id": {}}}),
        *[({}, {"path": path}) for path in ("hooks", "/", "/a/", "//a", "/a/../b", "/%61", "/a;b", "/a?b", "/a b", "")],
    ],
)
def test_a_configuration_that_could_not_be_checked_is_refused(
    config: dict[str, object], more: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        receiver({"scheme": "hmac", "header": "x-sign"} | config, [PLAIN_SECRET], **more)


def test_a_secret_that_is_no_utf_8_signs_with_its_own_bytes() -> None:
    key = b"sixteen bytes \xff\xfe\xfd"
    endpoint = receiver({"scheme": "hmac", "header": "x-sign"}, [os.fsdecode(key)])

    records_of(endpoint, request([("x-sign", hmac.digest(key, BODY, "sha256").hex())]))


def test_a_secret_is_read_anew_and_the_old_one_refused() -> None:
    values = {"${env:S}": PLAIN_SECRET}
    config = {"path": "/hooks", "verify": {"scheme": "github", "secrets": ["${env:S}"]}}
    endpoint = WebhookReceiver(WebhookConfig.model_validate(config, context={"resolve": values.__getitem__}))
    records_of(endpoint, request(github()))

    values["${env:S}"] = "the new secret of the endpoint"

    records_of(endpoint, request(github(secret="the new secret of the endpoint")))
    assert refusal(endpoint, request(github())) is Reason.SIGNATURE_MISMATCH


def test_no_secret_bearing_header_enters_the_record() -> None:
    secrets = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-gitlab-token"]

    (record,) = records_of(STANDARD, request([*standard(), *((name, "canary") for name in secrets), ("host", "h")]))

    assert set(record.headers) == {"webhook-id", "webhook-timestamp", "host"}
