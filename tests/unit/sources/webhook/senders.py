"""One sender for each scheme that signs the whole body, for the claims that they share."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from router.api import Peer, Request, Sending
from sources.webhook.config import WebhookConfig
from sources.webhook.receiver import WebhookReceiver
from tests.unit.sources.webhook.signing import NOW, PLAIN_SECRET, STANDARD_SECRET

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
BODY = b'{"id": "evt_1", "type": "order.paid", "amount": 12}'
PATH = "/hooks"


@dataclass(frozen=True)
class SignedBy:
    """A scheme, a secret, and where in a request its proof stands.

    stamped: whether the timestamp is signed, and in which header it stands. weaker: a proof of a scheme that is not
    accepted.
    """

    name: str
    verify: Mapping[str, object]
    signature: str
    secret: str = PLAIN_SECRET
    other_secret: str = "the secret of another endpoint"
    timestamp: str | None = None
    weaker: str | None = None

    def config(self, *secrets: str) -> WebhookConfig:
        values = {f"${{env:SECRET_{number}}}": value for number, value in enumerate(secrets or (self.secret,))}
        config = {"path": PATH, "verify": {**self.verify, "secrets": list(values)}}
        return WebhookConfig.model_validate(config, context={"resolve": values.__getitem__})

    @cached_property
    def endpoint(self) -> WebhookReceiver:
        return self.receiver()

    def receiver(self, *secrets: str) -> WebhookReceiver:
        return WebhookReceiver(self.config(*secrets))

    def url(self, body: bytes) -> str:
        query = f"?bodySHA256={hashlib.sha256(body).hexdigest()}" if self.verify["scheme"] == "twilio" else ""
        return f"https://hooks.example.com{PATH}{query}"

    def request(
        self,
        body: bytes = BODY,
        *,
        sent_at: int = NOW,
        at: float = NOW,
        event: str = "msg_1",
        secret: str | None = None,
    ) -> Request:
        """A request as the sender makes it."""
        sending = Sending(self.url(body), body, event, "order.paid", JSON, sent_at)
        headers = self.config(secret or self.secret).verify.sign(sending)
        return arrived(sending.url, (("content-type", JSON), *headers), body, at)


def arrived(url: str, headers: tuple[tuple[str, str], ...], body: bytes, at: float = NOW) -> Request:
    """The request as it arrives, with its URL taken apart."""
    parts = urlsplit(url)
    headers = (("host", parts.netloc), *headers)
    return Request("POST", parts.path, headers, body, at, query=parts.query, peer=Peer("", parts.scheme))


def replaced(request: Request, name: str, *values: str) -> Request:
    """The request with another value, several, or none under a header's name."""
    kept = tuple([header for header in request.headers if header[0] != name])
    return with_parts(request, headers=(*kept, *((name, value) for value in values)))


def with_parts(
    request: Request, *, body: bytes | None = None, headers: tuple[tuple[str, str], ...] | None = None
) -> Request:
    return Request(
        request.method,
        request.path,
        request.headers if headers is None else headers,
        request.body if body is None else body,
        request.received_at,
        query=request.query,
        peer=request.peer,
    )


STANDARD = SignedBy(
    "standard_webhooks",
    {"scheme": "standard_webhooks"},
    "webhook-signature",
    secret=STANDARD_SECRET,
    other_secret="whsec_YW5vdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyE=",
    timestamp="webhook-timestamp",
    weaker="v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
)
SVIX = SignedBy(
    "svix",
    {"scheme": "svix"},
    "svix-signature",
    secret=STANDARD.secret,
    other_secret=STANDARD.other_secret,
    timestamp="svix-timestamp",
    weaker=STANDARD.weaker,
)
GITLAB = SignedBy(
    "gitlab",
    {"scheme": "gitlab"},
    "webhook-signature",
    secret=STANDARD.secret,
    other_secret=STANDARD.other_secret,
    timestamp="webhook-timestamp",
    weaker=STANDARD.weaker,
)
GITLAB_TOKEN = SignedBy("gitlab", {"scheme": "gitlab"}, "x-gitlab-token")
GITHUB = SignedBy("github", {"scheme": "github"}, "x-hub-signature-256", weaker="sha1=" + "0" * 40)
BITBUCKET = SignedBy("bitbucket", {"scheme": "bitbucket"}, "x-hub-signature", weaker="sha1=" + "0" * 40)
SHOPIFY = SignedBy("shopify", {"scheme": "shopify"}, "x-shopify-hmac-sha256")
SLACK = SignedBy(
    "slack",
    {"scheme": "slack"},
    "x-slack-signature",
    timestamp="x-slack-request-timestamp",
    weaker="v1=" + "0" * 64,
)
STRIPE = SignedBy("stripe", {"scheme": "stripe"}, "stripe-signature", weaker=f"t={NOW},v0=" + "0" * 64)
TWILIO = SignedBy("twilio", {"scheme": "twilio"}, "x-twilio-signature")
GENERIC = SignedBy(
    "hmac",
    {
        "scheme": "hmac",
        "header": "x-sign",
        "algorithm": "sha512",
        "encoding": "base64url",
        "prefix": "v1=",
        "separator": ",",
        "timestamp_header": "x-time",
        "id_header": "x-id",
        "signed": "{method} {url}\n{id}.{timestamp}.{body}",
    },
    "x-sign",
    timestamp="x-time",
    weaker="v0=" + "0" * 64,
)
SENDERS = (STANDARD, SVIX, GITLAB, GITHUB, BITBUCKET, SHOPIFY, SLACK, STRIPE, TWILIO, GENERIC)
STAMPED = tuple([sender for sender in SENDERS if sender.timestamp is not None])
