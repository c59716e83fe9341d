"""Whatever bytes arrive, the schemes with public keys, tokens and handshakes give records, an answer or a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import Certificate, ConnectorError, ErrorClass, Peer, Request
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.opening import ONE, TWO, opened
from tests.unit.sources.webhook.signing import NOW
from tests.unit.sources.webhook.test_bearer_jwt import KEYS, SETTINGS, token
from tests.unit.sources.webhook.test_sendgrid import PUBLIC_KEY, SIGNATURE

RECEIVERS = [
    opened({"scheme": "sendgrid", "public_keys": [PUBLIC_KEY]}),
    opened({"scheme": "mailgun", "secrets": [ONE]}),
    opened({"scheme": "hubspot", "secrets": [ONE]}),
    opened({"scheme": "paypal", "webhook_id": "W"}),
    opened({"scheme": "api_key", "secrets": [ONE], "query": "code"}),
    opened({"scheme": "basic", "secrets": [ONE], "username": "a"}),
    opened({**SETTINGS, "algorithms": ["RS256", "ES256", "EdDSA"], "keys": KEYS}),
    opened({**SETTINGS, "algorithms": ["RS256"], "jwks_url": "https://issuer.example/jwks"}),
    opened({"scheme": "mtls", "subjects": ["CN=a"]}),
    opened({"scheme": "meta", "secrets": [ONE], "verify_token": TWO}),
    opened({"scheme": "microsoft_graph", "secrets": [ONE]}, addresses=["192.0.2.0/24"]),
    opened({"scheme": "addresses"}, addresses=["2001:db8::/32"], abuse_protection={"origins": ["a.example"]}),
]
NAMES = [
    *("x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp", "x-hubspot-signature-v3"),
    *("x-hubspot-request-timestamp", "paypal-transmission-id", "paypal-transmission-time", "paypal-transmission-sig"),
    *("paypal-auth-algo", "paypal-cert-url", "authorization", "x-hub-signature-256", "webhook-request-origin", "host"),
]
LATIN = st.text(st.characters(max_codepoint=255), max_size=80)
SHAPED = st.one_of(
    LATIN,
    LATIN.map("Bearer {}".format),
    LATIN.map("Basic {}".format),
    LATIN.map((token().rpartition(".")[0] + ".{}").format),
    LATIN.map("https://api.paypal.com/v1/notifications/certs/{}".format),
    st.sampled_from([str(NOW), str(NOW * 1000), SIGNATURE, "SHA256withRSA", "2026-11-18T00:00:00Z", "b.example"]),
)
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), SHAPED), max_size=8).map(tuple)
QUERIES = st.one_of(LATIN, LATIN.map("code={}".format), LATIN.map("hub.mode=subscribe&hub.verify_token={}".format))
BODIES = st.one_of(
    st.binary(max_size=200),
    st.binary(min_size=1, max_size=60).map(lambda part: b'{"signature": {"timestamp": 1, "token": %b}}' % part),
    st.binary(min_size=1, max_size=60).map(lambda part: b'{"value": [{"clientState": %b}]}' % part),
)
PEERS = st.one_of(LATIN, st.ip_addresses().map(str)).map(
    lambda text: Peer(text, "https", None, Certificate(text, (), ""))
)


def outcome(receiver: WebhookReceiver, request: Request) -> ErrorClass | None:
    try:
        receiver.receive(request)
    except ConnectorError as error:
        return error.error_class
    return None


def is_in_the_list(peer: Peer) -> bool:
    return peer.address.startswith("2001:db8:")


@pytest.mark.parametrize("receiver", RECEIVERS)
@given(st.sampled_from(["POST", "GET", "OPTIONS"]), HEADERS, BODIES, QUERIES, PEERS)
def test_bytes_without_a_proof_are_refused(
    receiver: WebhookReceiver, method: str, headers: tuple[tuple[str, str], ...], body: bytes, query: str, peer: Peer
) -> None:
    request = Request(method, "/hooks", headers, body, NOW, query, peer)

    refused = outcome(receiver, request) in (ErrorClass.AUTH_FAILED, ErrorClass.INPUT_INVALID)

    assert refused or is_in_the_list(peer)
