"""HubSpot's requests are verified with the URL that HubSpot has signed."""

import base64
import hmac

import pytest

from router.api import Peer, Reason, Request, Sending
from sources.webhook import connector
from sources.webhook.config import WebhookConfig
from tests.unit.sources.webhook.opening import ONE, SECRET, SHORT, Headers, only, opened, reason, refuses_secret
from tests.unit.sources.webhook.signing import NOW

RECEIVER = opened({"scheme": "hubspot", "secrets": [ONE]})
BODY = (
    b'[{"eventId": 1, "subscriptionId": 12345, "subscriptionType": "contact.creation", "objectId": 123, '
    b'"occurredAt": 1795000000000}]'
)
PEER = Peer("192.0.2.1", "https", "hooks.example.com")


def request(
    url: str = "https://hooks.example.com/hooks",
    *,
    query: str = "",
    sent_at: object = NOW * 1000,
    at: float = NOW,
    body: bytes = BODY,
    signature: str | None = None,
    more: Headers = (),
) -> Request:
    """As HubSpot's documentation says: method, URL, body and timestamp with nothing between them."""
    digest = hmac.digest(SECRET.encode(), f"POST{url}".encode() + BODY + f"{sent_at}".encode(), "sha256")
    given = base64.b64encode(digest).decode() if signature is None else signature
    headers = (("x-hubspot-signature-v3", given), ("x-hubspot-request-timestamp", str(sent_at)), *more)
    return Request("POST", "/hooks", headers, body, at, query, PEER)


def test_a_signed_request_is_accepted_and_carried_without_its_signatures() -> None:
    record = only(RECEIVER, request(more=(("x-hubspot-signature", "older"),)))

    assert record.data == BODY
    assert not [name for name in record.headers if name.startswith("x-hubspot-signature")]


def test_each_event_of_a_batch_has_an_id_of_its_own() -> None:
    receiver = opened({"scheme": "hubspot", "secrets": [ONE]}, format="json_array")

    record = only(receiver, request())

    assert (record.id, record.type, record.subject) == ("12345.1.1795000000000", "contact.creation", "123")


@pytest.mark.parametrize(
    ("query", "signed"),
    [
        ("a=b", "a=b"),
        ("a=%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B", "a=:/?@!$'()*,;"),
        ("a=%3a%2f", "a=:/"),
        ("a=%20%26%3D%25", "a=%20%26%3D%25"),
        ("a=%253A", "a=%253A"),
        ("a=%C3%A9", "a=%C3%A9"),
    ],
)
def test_of_the_url_hubspot_decodes_some_characters_only(query: str, signed: str) -> None:
    url = f"https://hooks.example.com/hooks?{signed}"

    assert only(RECEIVER, request(url, query=query)).data == BODY


@pytest.mark.parametrize(
    "url", ["http://hooks.example.com/hooks", "https://other.example.com/hooks", "https://hooks.example.com/hooks?a=b"]
)
def test_a_signature_for_another_url_does_not_match(url: str) -> None:
    assert reason(RECEIVER, request(url)) is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize("offset", [-300_000, 300_000])
def test_exactly_five_minutes_pass_and_a_millisecond_more_does_not(offset: int) -> None:
    more = offset + (1 if offset > 0 else -1)

    assert only(RECEIVER, request(sent_at=NOW * 1000 + offset)).data == BODY
    assert reason(RECEIVER, request(sent_at=NOW * 1000 + more)) is Reason.TIMESTAMP_OUT_OF_WINDOW


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (request(body=BODY + b" "), Reason.SIGNATURE_MISMATCH),
        (request(signature=""), Reason.SIGNATURE_MISSING),
        (request(signature="\xff" * 44), Reason.SIGNATURE_MALFORMED),
        (request(signature="A" * 44), Reason.SIGNATURE_MALFORMED),
        (request(signature=base64.b64encode(bytes(32)).decode()), Reason.SIGNATURE_MISMATCH),
        (request(sent_at=""), Reason.TIMESTAMP_MISSING),
        (request(sent_at="soon"), Reason.TIMESTAMP_MALFORMED),
        (request(sent_at="²"), Reason.TIMESTAMP_MALFORMED),
        (request(sent_at="9" * 16), Reason.TIMESTAMP_MALFORMED),
        (request(sent_at=NOW), Reason.TIMESTAMP_OUT_OF_WINDOW),
        (request(more=(("x-hubspot-signature-v3", "again"),)), Reason.DUPLICATE_HEADER),
        (request(more=(("x-hubspot-request-timestamp", "1"),)), Reason.DUPLICATE_HEADER),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason(changed: Request, expected: Reason) -> None:
    assert reason(RECEIVER, changed) is expected


def test_what_is_signed_here_is_accepted_here() -> None:
    config = WebhookConfig.model_validate(
        {"path": "/hooks", "verify": {"scheme": "hubspot", "secrets": [ONE]}}, context={"resolve": lambda _: SECRET}
    )
    assert connector.sign is not None
    sending = Sending("https://hooks.example.com/hooks", BODY, "1", "t", "application/json", NOW)

    headers = connector.sign(config, sending)

    assert only(RECEIVER, Request("POST", "/hooks", headers, BODY, NOW, "", PEER)).data == BODY


def test_short_secrets_are_refused_at_the_start() -> None:
    assert refuses_secret({"scheme": "hubspot", "secrets": [SHORT]})
