"""Shopify's signatures: HMAC-SHA256 of the body, with the app's client secret.

https://shopify.dev/docs/apps/build/webhooks/subscribe/https
There is no timestamp that is signed: a repeated delivery is recognized by its webhook's id alone.
"""

from typing import ClassVar, Literal

from router.api import Sending
from sources.webhook.attributes import Attributes, body, header
from sources.webhook.scheme import Scheme, Verifier
from sources.webhook.schemes.generic_hmac import GenericHmac
from sources.webhook.secrets import Keys, Secrets, text_key
from sources.webhook.sending import Headers

SIGNATURE = "x-shopify-hmac-sha256"
_MIN_SECRET_CHARACTERS = 4


class ShopifyScheme(Scheme):
    """Shopify (`X-Shopify-Hmac-Sha256`)."""

    scheme: Literal["shopify"]
    secrets: Secrets

    # The id of the event would not do: all topics that one action of a merchant touches have the same.
    attributes: ClassVar = Attributes(
        id=header("x-shopify-webhook-id"),
        type=header("x-shopify-topic"),
        subject=body("admin_graphql_api_id") + header("x-shopify-shop-domain"),
        time=header("x-shopify-triggered-at"),
    )

    def verifier(self) -> Verifier:
        """An instance of the generic one."""
        return self._hmac()

    def sign(self, sending: Sending) -> Headers:
        """As Shopify delivers."""
        return self._hmac().sign(sending, (("x-shopify-webhook-id", sending.id), ("x-shopify-topic", sending.type)))

    def proofs(self) -> frozenset[str]:
        """The signature."""
        return frozenset({SIGNATURE})

    def _hmac(self) -> GenericHmac:
        keys = Keys(self.secrets, text_key(_MIN_SECRET_CHARACTERS))
        return GenericHmac(keys, header=SIGNATURE, algorithm="sha256", encoding="base64", prefix="")
