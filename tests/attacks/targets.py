"""One endpoint of every scheme and every format, and a good request to each."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import OKPAlgorithm

from router.api import Sending
from sources.webhook.config import WebhookConfig
from sources.webhook.receiver import WebhookReceiver

CANARY = "canary-of-a-secret-3b1f"
STANDARD_SECRET = "whsec_" + base64.b64encode(b"canary-of-a-secret-in-base64!!").decode()
VALUES = {"${env:TEXT}": CANARY, "${env:STANDARD}": STANDARD_SECRET}
TEXT, STANDARD = ["${env:TEXT}"], ["${env:STANDARD}"]
HOST = "hooks.example.com"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
EVENT = b'{"id": "evt_1", "type": "order.paid", "action": "made", "repository": {"full_name": "a/b"}, "n": 1.5}'
CLOUD_EVENT = b'{"specversion": "1.0", "id": "target-1", "source": "/s", "type": "t", "data": {"a": [1, 2.50, null]}}'
NOBODY, LOOPBACK = {"scheme": "addresses"}, ["127.0.0.1/32"]

Headers = tuple[tuple[str, str], ...]
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())
TOKEN_KEY = ed25519.Ed25519PrivateKey.generate()
CODES = {"jmespath": {"expression": "join('/', [body.a, headers.host, query.q || form.f || ''])"}}


@dataclass(frozen=True, eq=False)
class Target:
    """An endpoint. own: the headers of a request with this body, now; by default as the scheme signs itself."""

    name: str
    verify: Mapping[str, Any]
    content_type: str = JSON
    body: bytes = EVENT
    own: Callable[[bytes], Headers] | None = None
    remake: Callable[[], bytes] | None = None
    query: str = ""
    accepted: bool = True
    more: tuple[tuple[str, Any], ...] = ()

    @property
    def path(self) -> str:
        return f"/hooks/{self.name}"

    def config(self) -> WebhookConfig:
        given = {"path": self.path, "verify": dict(self.verify), **dict(self.more)}
        return WebhookConfig.model_validate(given, context={"resolve": VALUES.__getitem__})

    def receiver(self) -> WebhookReceiver:
        return WebhookReceiver(self.config())

    def headers(self, body: bytes, event: str) -> Headers:
        if self.own is not None:
            return self.own(body)
        sending = Sending(self._url(), body, event, "order.paid", self.content_type, int(time.time()))
        return _config(self).verify.sign(sending)

    def request(self, body: bytes | None = None, event: str = "msg_1", *more: tuple[str, str]) -> bytes:
        """A request that is signed now."""
        content = body if body is not None else self.remake() if self.remake is not None else self.body
        headers = (
            ("Host", HOST),
            ("Content-Type", self.content_type),
            *self.headers(content, event),
            *more,
            ("Content-Length", str(len(content))),
        )
        lines = [f"POST {self.path}{'?' + self.query if self.query else ''} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + content

    def _url(self) -> str:
        return f"http://{HOST}{self.path}{'?' + self.query if self.query else ''}"


@cache
def _config(target: Target) -> WebhookConfig:
    return target.config()


def _stripe_like(secret: str, text: str) -> str:
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()


def _sendgrid(body: bytes) -> Headers:
    sent_at = str(int(time.time()))
    signature = base64.b64encode(SENDGRID_KEY.sign(sent_at.encode() + body, ec.ECDSA(SHA256()))).decode()
    name = "X-Twilio-Email-Event-Webhook-"
    return ((f"{name}Signature", signature), (f"{name}Timestamp", sent_at))


def _mailgun() -> bytes:
    sent_at, token = str(int(time.time())), "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
    signature = {"timestamp": sent_at, "token": token, "signature": _stripe_like(CANARY, sent_at + token)}
    return json.dumps(
        {"signature": signature, "event-data": {"id": "m1", "event": "opened", "timestamp": 1.5}}
    ).encode()


def _bearer(body: bytes) -> Headers:
    claims = {"iss": "https://issuer.example", "aud": "us", "exp": int(time.time()) + 60}
    return (("Authorization", f"Bearer {jwt.encode(claims, TOKEN_KEY, 'EdDSA', headers={'kid': 'k'})}"),)


def _paypal(body: bytes) -> Headers:
    url = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270"
    return (
        ("PayPal-Transmission-Id", "69cd13f0-d67a-11e5-baa3-778b53f4ae55"),
        ("PayPal-Transmission-Time", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())),
        ("PayPal-Transmission-Sig", base64.b64encode(b"s" * 256).decode()),
        ("PayPal-Auth-Algo", "SHA256withRSA"),
        ("PayPal-Cert-Url", url),
    )


def _none(body: bytes) -> Headers:
    return ()


def _form(name: str, **event: Any) -> Target:
    """An endpoint whose bodies anybody on this machine may send, so that they are looked into."""
    return Target(name, NOBODY, own=_none, more=(("addresses", LOOPBACK), ("event", event)))


def _format(name: str, format_name: str, content_type: str, body: bytes, **more: Any) -> Target:
    settings = {"addresses": LOOPBACK, "format": format_name, **more}
    return Target(name, NOBODY, content_type, body, own=_none, more=tuple(settings.items()))


PUBLIC_KEY = base64.b64encode(
    SENDGRID_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
HMAC = {
    "scheme": "hmac",
    "secrets": TEXT,
    "header": "x-sign",
    "algorithm": "sha512",
    "encoding": "base64url",
    "prefix": "v1=",
    "separator": ",",
    "timestamp_header": "x-time",
    "id_header": "x-id",
    "signed": "{method} {url}\n{id}.{timestamp}.{body}",
}
JWT = {
    "scheme": "bearer_jwt",
    "issuer": "https://issuer.example",
    "audience": "us",
    "algorithms": ["EdDSA"],
    "keys": [{**OKPAlgorithm.to_jwk(TOKEN_KEY.public_key(), as_dict=True), "kid": "k"}],
}
SCHEMES = (
    Target("standard", {"scheme": "standard_webhooks", "secrets": STANDARD}),
    Target("svix", {"scheme": "svix", "secrets": STANDARD}),
    Target("github", {"scheme": "github", "secrets": TEXT}),
    Target("gitlab", {"scheme": "gitlab", "secrets": STANDARD}),
    Target("gitlab-token", {"scheme": "gitlab", "secrets": TEXT}),
    Target("bitbucket", {"scheme": "bitbucket", "secrets": TEXT}),
    Target("shopify", {"scheme": "shopify", "secrets": TEXT}),
    Target("slack", {"scheme": "slack", "secrets": TEXT}),
    Target("stripe", {"scheme": "stripe", "secrets": TEXT}),
    Target("twilio", {"scheme": "twilio", "secrets": TEXT}, FORM, b"CallSid=CA1&CallStatus=ringing&Digits=1&A=&A=%20"),
    Target("hubspot", {"scheme": "hubspot", "secrets": TEXT}, query="a=%3Ab"),
    Target("hmac", HMAC),
    Target("meta", {"scheme": "meta", "secrets": TEXT, "verify_token": TEXT[0]}),
    Target("basic", {"scheme": "basic", "username": "user", "secrets": TEXT}),
    Target("api-key", {"scheme": "api_key", "secrets": TEXT, "header": "x-key"}),
    Target("api-key-query", {"scheme": "api_key", "secrets": TEXT, "query": "key"}, own=_none, query=f"key={CANARY}"),
    Target("sendgrid", {"scheme": "sendgrid", "public_keys": [PUBLIC_KEY]}, own=_sendgrid),
    Target("mailgun", {"scheme": "mailgun", "secrets": TEXT}, own=_none, remake=_mailgun),
    Target("bearer-jwt", JWT, own=_bearer),
    Target(
        "graph",
        {"scheme": "microsoft_graph", "secrets": TEXT},
        body=b'{"value": [{"clientState": "%s", "changeType": "created"}]}' % CANARY.encode(),
        own=_none,
    ),
    Target("paypal", {"scheme": "paypal", "webhook_id": "WH-1"}, own=_paypal, accepted=False),
    Target("mtls", {"scheme": "mtls", "names": ["DNS:a.example"]}, own=_none, accepted=False),
    Target("addresses", NOBODY, own=_none, more=(("addresses", LOOPBACK),)),
)
FORMATS = (
    _form("lookup", id={"body": "id"}, type={"body": "type"}, subject={"body": "a.b"}, time={"body": "n"}),
    _form("expression", subject=CODES["jmespath"], key={"expression": "to_string(body)"}, type={"header": "x-type"}),
    _form("form", id={"form": "id"}, type={"form": "type"}, time={"header": "x-time"}),
    _format("cloudevents", "cloudevents", "application/cloudevents+json", CLOUD_EVENT),
    _format("cloudevents-batch", "cloudevents", "application/cloudevents-batch+json", b"[%s]" % CLOUD_EVENT),
    _format("ndjson", "ndjson", "application/x-ndjson", b'{"id": "l1"}\n{"id": "l2"}\n', event={"id": {"body": "id"}}),
    _format("array", "json_array", JSON, b'[{"id": 1}, {"id": 2.0}]', event={"id": {"body": "id"}}),
    _format("array-whole", "json_array", JSON, b"[1, 2]", batch={"max_items": 5, "all_or_nothing": True}),
    _format("types", "webhook", JSON, EVENT, content_types=[JSON], abuse_protection={"origins": ["a.example"]}),
)
TARGETS = SCHEMES + FORMATS
BY_NAME = {target.name: target for target in TARGETS}
