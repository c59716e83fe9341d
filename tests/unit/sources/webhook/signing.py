"""Signed requests, made with the reference library or by hand, for the tests of the verifiers."""

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence

from router.api import Request
from sources.webhook.config import WebhookConfig
from sources.webhook.receiver import WebhookReceiver

NOW = 1_795_000_000
KEY = b"0123456789abcdef0123456789abcdef"
STANDARD_SECRET = "whsec_" + base64.b64encode(KEY).decode()
PLAIN_SECRET = "It's a Secret to Everybody"
BODY = b'{"type": "order.paid", "amount": 12}'


def request(headers: Sequence[tuple[str, str]], body: bytes = BODY, at: float = NOW) -> Request:
    return Request("POST", "/hooks", tuple(headers), body, at)


def receiver(verify: Mapping[str, object], secrets: Sequence[str], **more: object) -> WebhookReceiver:
    """A receiver whose secrets have these values, in this order."""
    values = {f"${{env:SECRET_{number}}}": value for number, value in enumerate(secrets)}
    resolve: Callable[[str], str] = values.__getitem__
    config = {"path": "/hooks", "verify": {**verify, "secrets": list(values)}, **more}
    return WebhookReceiver(WebhookConfig.model_validate(config, context={"resolve": resolve}))


def standard(
    body: bytes = BODY, *, message_id: str = "msg_1", sent_at: object = NOW, key: bytes = KEY
) -> list[tuple[str, str]]:
    """The headers of a Standard Webhooks request."""
    signed = f"{message_id}.{sent_at}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", str(sent_at)),
        ("webhook-signature", f"v1,{signature}"),
    ]


def github(body: bytes = BODY, secret: str = PLAIN_SECRET) -> list[tuple[str, str]]:
    """The headers of a GitHub delivery."""
    signature = hmac.digest(secret.encode(), body, "sha256").hex()
    return [
        ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("x-github-event", "issues"),
        ("x-hub-signature-256", f"sha256={signature}"),
    ]


def changed(headers: Sequence[tuple[str, str]], name: str, *values: str) -> list[tuple[str, str]]:
    """The headers with another value, several, or none under a name."""
    return [header for header in headers if header[0] != name] + [(name, value) for value in values]
