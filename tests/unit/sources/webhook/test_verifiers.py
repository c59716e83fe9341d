"""What is signed is accepted; what is not, in whatever way, is refused with its own reason."""

import base64
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from router.api import ConnectorError, Reason, Request
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

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[3] / "vectors" / "signatures.json").read_text())
STANDARD = receiver({"scheme": "standard_webhooks"}, [STANDARD_SECRET])
GITHUB = receiver({"scheme": "github"}, [PLAIN_SECRET])
SIGNATURE = dict(standard())["webhook-signature"]


def refusal(endpoint: WebhookReceiver, received: Request) -> Reason:
    with pytest.raises(ConnectorError) as raised:
        endpoint.receive(received)
    return raised.value.reason


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["scheme"] for vector in VECTORS])
def test_a_published_vector_is_accepted_and_any_other_body_refused(vector: dict[str, Any]) -> None:
    scheme = "github" if vector["scheme"].startswith("github") else "standard_webhooks"
    endpoint = receiver({"scheme": scheme}, [vector["secret"]])
    headers = [(name.lower(), value) for name, value in vector["headers"].items()]
    sent_at = int(dict(headers).get("webhook-timestamp", "0"))

    (record,) = endpoint.receive(request(headers, vector["body"].encode(), sent_at))

    assert record.data == vector["body"].encode()
    assert refusal(endpoint, request(headers, vector["body"].encode() + b" ", sent_at)) is Reason.SIGNATURE_MISMATCH


def test_what_the_reference_library_signs_is_accepted() -> None:
    sent_at = datetime.fromtimestamp(NOW, UTC)
    signature = Webhook(STANDARD_SECRET).sign("msg_1", sent_at, BODY.decode())

    STANDARD.receive(request(changed(standard(), "webhook-signature", signature)))


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
        (changed(standard(), "webhook-signature", SIGNATURE.replace("v1", "v2")), Reason.SCHEME_NOT_ALLOWED),
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
    STANDARD.receive(request(standard(sent_at=sent_at)))


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

    STANDARD.receive(request(headers))


def test_while_secrets_rotate_both_are_accepted_and_afterwards_one() -> None:
    new_key = b"another key of thirty-two bytes!"
    new_secret = "whsec_" + "YW5vdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyE="
    both = receiver({"scheme": "standard_webhooks"}, [STANDARD_SECRET, new_secret])
    after = receiver({"scheme": "standard_webhooks"}, [new_secret])

    for key in (KEY, new_key):
        both.receive(request(standard(key=key)))
    after.receive(request(standard(key=new_key)))

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


def test_github_names_the_event_by_delivery_event_action_and_repository() -> None:
    body = b'{"action":"opened","repository":{"full_name":"octo/hello"},"n":18446744073709551616}'

    (record,) = GITHUB.receive(request([*github(body), ("authorization", "Bearer x"), ("x-extra", "1")], body))

    assert (record.id, record.type) == ("72d3162e-cc78-11e3-81ab-4c9367dc0958", "issues.opened")
    assert (record.subject, record.data) == ("octo/hello", body)
    assert set(record.headers) == {"x-github-delivery", "x-github-event", "x-extra"}


def test_a_body_that_is_no_json_is_carried_as_it_is() -> None:
    body = b"\xff\x00not json"

    (record,) = STANDARD.receive(request(standard(body), body))

    assert (record.data, record.type, record.id) == (body, "webhook", "msg_1")


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

    (record,) = endpoint.receive(request(headers, body))

    assert (record.id, record.type, record.time) == ("7", "made", datetime(2026, 11, 23, 10, tzinfo=UTC))
    assert refusal(endpoint, request(headers, body, NOW + 301)) is Reason.TIMESTAMP_OUT_OF_WINDOW


def test_without_an_id_the_same_body_is_the_same_event() -> None:
    endpoint = receiver({"scheme": "hmac", "header": "x-hub-signature-256", "prefix": "sha256="}, [PLAIN_SECRET])

    (one,) = endpoint.receive(request(github()))
    (two,) = endpoint.receive(request(github()))
    (other,) = endpoint.receive(request(github(b"other"), b"other"))

    assert one.id == two.id != other.id


def test_an_id_of_control_characters_is_refused() -> None:
    verify = {"scheme": "hmac", "header": "x-hub-signature-256", "prefix": "sha256="}
    endpoint = receiver(verify, [PLAIN_SECRET], event={"id": {"body": "id"}})
    body = b'{"id": "a\\u0000b"}'

    assert refusal(endpoint, request(github(body), body)) is Reason.ID_MALFORMED
