"""The webhook source keeps what it declares, with tokens, public keys, certificates and lists."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from router.api import Certificate, Peer, Request
from router.testing.conformance.receiver import ReceiverClaims, Sender
from sources.webhook import connector
from tests.unit.sources.webhook.signing import NOW, PLAIN_SECRET
from tests.unit.sources.webhook.test_bearer_jwt import KEYS, SETTINGS, token

REFERENCE, OTHER_REFERENCE = "${env:SIGNING_SECRET}", "${env:VERIFY_TOKEN}"
TIMESTAMP = str(NOW).encode()
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
PEER = Peer("192.0.2.1", "https", "hooks.example.com", Certificate("CN=shop", (), "ab" * 32))


def digest(signed: bytes) -> bytes:
    return hmac.digest(PLAIN_SECRET.encode(), signed, "sha256")


class SchemeSender(Sender):
    """Sends numbered events by the scheme's rules."""

    verify: Mapping[str, Any]
    more: Mapping[str, Any] = {}

    def __init__(self) -> None:
        used = json.dumps(dict(self.verify))
        values = {REFERENCE: PLAIN_SECRET, OTHER_REFERENCE: "another secret, for handshakes"}
        self.secrets = {reference: value for reference, value in values.items() if reference in used}

    @property
    def config(self) -> Mapping[str, Any]:
        return {"path": "/hooks", "verify": self.verify, **self.more}

    def body(self, number: int) -> bytes:
        return b'{"number": %d}' % number

    def headers(self, body: bytes) -> dict[str, str]:
        return {}

    def request(self, number: int) -> Request:
        body = self.body(number)
        headers = {"content-type": "application/json", **self.headers(body)}
        return Request("POST", "/hooks", tuple(headers.items()), body, NOW, "", PEER)


class Sendgrid(SchemeSender):
    verify = {"scheme": "sendgrid", "public_keys": [PUBLIC]}  # noqa: RUF012  constant

    def headers(self, body: bytes) -> dict[str, str]:
        signature = PRIVATE.sign(TIMESTAMP + body, ec.ECDSA(SHA256()))
        prefix = "x-twilio-email-event-webhook"
        return {f"{prefix}-signature": base64.b64encode(signature).decode(), f"{prefix}-timestamp": str(NOW)}


class Mailgun(SchemeSender):
    verify = {"scheme": "mailgun", "secrets": [REFERENCE]}  # noqa: RUF012  constant

    def body(self, number: int) -> bytes:
        token = f"token{number}"
        signature = digest(TIMESTAMP + token.encode()).hex()
        part = {"timestamp": str(NOW), "token": token, "signature": signature}
        return json.dumps({"signature": part, "event-data": {"id": f"e{number}", "event": "opened"}}).encode()


class Hubspot(SchemeSender):
    verify = {"scheme": "hubspot", "secrets": [REFERENCE]}  # noqa: RUF012  constant

    def headers(self, body: bytes) -> dict[str, str]:
        signature = digest(b"POSThttps://hooks.example.com/hooks" + body + TIMESTAMP + b"000")
        return {
            "x-hubspot-signature-v3": base64.b64encode(signature).decode(),
            "x-hubspot-request-timestamp": f"{NOW}000",
        }


class ApiKey(SchemeSender):
    verify = {"scheme": "api_key", "secrets": [REFERENCE], "header": "x-key"}  # noqa: RUF012  constant

    def headers(self, body: bytes) -> dict[str, str]:
        return {"x-key": PLAIN_SECRET}


class Basic(SchemeSender):
    verify = {"scheme": "basic", "secrets": [REFERENCE], "username": "shop"}  # noqa: RUF012  constant

    def headers(self, body: bytes) -> dict[str, str]:
        return {"authorization": f"Basic {base64.b64encode(f'shop:{PLAIN_SECRET}'.encode()).decode()}"}


class BearerJwt(SchemeSender):
    verify = {**SETTINGS, "algorithms": ["RS256"], "keys": KEYS}  # noqa: RUF012  constant

    def headers(self, body: bytes) -> dict[str, str]:
        return {"authorization": f"Bearer {token()}"}


class Mtls(SchemeSender):
    verify = {"scheme": "mtls", "subjects": ["CN=shop"]}  # noqa: RUF012  constant


class Meta(SchemeSender):
    verify = {"scheme": "meta", "secrets": [REFERENCE], "verify_token": OTHER_REFERENCE}  # noqa: RUF012  constant

    def headers(self, body: bytes) -> dict[str, str]:
        return {"x-hub-signature-256": f"sha256={digest(body).hex()}"}


class MicrosoftGraph(SchemeSender):
    verify = {"scheme": "microsoft_graph", "secrets": [REFERENCE]}  # noqa: RUF012  constant

    def body(self, number: int) -> bytes:
        return json.dumps({"value": [{"clientState": PLAIN_SECRET, "resource": f"r/{number}"}]}).encode()


class Addresses(SchemeSender):
    verify = {"scheme": "addresses"}  # noqa: RUF012  constant
    more = {"addresses": ["192.0.2.0/24"]}  # noqa: RUF012  constant


class TestTokens(ReceiverClaims):
    connector = connector

    @pytest.fixture(
        params=[Sendgrid, Mailgun, Hubspot, ApiKey, Basic, BearerJwt, Mtls, Meta, MicrosoftGraph, Addresses]
    )
    def sender(self, request: pytest.FixtureRequest) -> Sender:
        made: Sender = request.param()
        return made
