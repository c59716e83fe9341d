"""Bitbucket's signatures, of the cloud and the data center: HMAC-SHA256 of the body.

https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
There is no timestamp: a repeated delivery is recognized by its request's id alone, which stays the same.
"""

from typing import ClassVar, Literal

from router.api import Sending
from sources.webhook.attributes import Attributes, body, expression, header
from sources.webhook.scheme import Scheme, Verifier
from sources.webhook.schemes.generic_hmac import GenericHmac
from sources.webhook.secrets import Keys, Secrets, text_key
from sources.webhook.sending import Headers

SIGNATURE = "x-hub-signature"
_MIN_SECRET_CHARACTERS = 8


class BitbucketScheme(Scheme):
    """Bitbucket (`X-Hub-Signature`)."""

    scheme: Literal["bitbucket"]
    secrets: Secrets

    attributes: ClassVar = Attributes(
        id=header("x-request-uuid", "x-request-id"),
        type=header("x-event-key"),
        # The data center names a repository by its project's key and its own slug.
        subject=body("repository.full_name")
        + expression("join('/', [body.repository.project.key, body.repository.slug])"),
        time=body("date"),
    )

    def verifier(self) -> Verifier:
        """An instance of the generic one; `sha1=` is refused by its prefix."""
        return self._hmac()

    def sign(self, sending: Sending) -> Headers:
        """As Bitbucket's cloud delivers."""
        return self._hmac().sign(sending, (("x-request-uuid", sending.id), ("x-event-key", sending.type)))

    def proofs(self) -> frozenset[str]:
        """The signature."""
        return frozenset({SIGNATURE})

    def _hmac(self) -> GenericHmac:
        keys = Keys(self.secrets, text_key(_MIN_SECRET_CHARACTERS))
        return GenericHmac(keys, header=SIGNATURE, algorithm="sha256", encoding="hex", prefix="sha256=")
