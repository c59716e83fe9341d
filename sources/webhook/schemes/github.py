"""GitHub's signatures: HMAC-SHA256 of the body.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
There is no timestamp: a repeated delivery is recognized by its delivery id alone.
"""

from typing import ClassVar, Literal

from router.api import Sending
from sources.webhook.attributes import Attributes, body, header
from sources.webhook.scheme import Scheme, Verifier
from sources.webhook.schemes.generic_hmac import GenericHmac
from sources.webhook.secrets import Keys, Secrets, text_key
from sources.webhook.sending import Headers

SIGNATURE = "x-hub-signature-256"
_SHA1_SIGNATURE = "x-hub-signature"
_MIN_SECRET_CHARACTERS = 8


class GithubScheme(Scheme):
    """GitHub (`X-Hub-Signature-256`)."""

    scheme: Literal["github"]
    secrets: Secrets

    attributes: ClassVar = Attributes(
        id=header("x-github-delivery"),
        type=header("x-github-event"),
        action=body("action"),
        subject=body("repository.full_name", "organization.login"),
    )

    def verifier(self) -> Verifier:
        """GitHub's scheme as an instance of the generic one; `sha1=` is refused by its prefix."""
        return self._hmac()

    def sign(self, sending: Sending) -> Headers:
        """As GitHub delivers."""
        return self._hmac().sign(sending, (("x-github-delivery", sending.id), ("x-github-event", sending.type)))

    def proofs(self) -> frozenset[str]:
        """Both signatures."""
        return frozenset({SIGNATURE, _SHA1_SIGNATURE})

    def _hmac(self) -> GenericHmac:
        keys = Keys(self.secrets, text_key(_MIN_SECRET_CHARACTERS))
        return GenericHmac(keys, header=SIGNATURE, algorithm="sha256", encoding="hex", prefix="sha256=")
