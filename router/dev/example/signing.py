"""Signs as the senders do: GitHub over the body, Standard Webhooks over id, time and body."""

import base64
import hashlib
import hmac


def github(secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature-256`."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard_webhooks(secret: str, identifier: str, timestamp: str, body: bytes) -> str:
    """The value of `webhook-signature`. secret: `whsec_` and the key in base64; timestamp: seconds since the epoch."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{identifier}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
