"""GitHub's signatures: HMAC-SHA256 of the body.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
There is no timestamp: a repeated delivery is recognized by its delivery id alone.
"""

from sources.webhook.generic_hmac import GenericHmac
from sources.webhook.secrets import Keys

DELIVERY = "x-github-delivery"
EVENT = "x-github-event"
SIGNATURE = "x-hub-signature-256"


def verifier(keys: Keys) -> GenericHmac:
    """GitHub's scheme as an instance of the generic one; `sha1=` is refused by its prefix."""
    return GenericHmac(keys, header=SIGNATURE, algorithm="sha256", encoding="hex", prefix="sha256=")
