"""Svix: Standard Webhooks under the header names that are older than the standard.

https://docs.svix.com/receiving/verifying-payloads/how-manual
"""

from functools import partial
from typing import ClassVar, Literal

from router.api import Sending
from sources.webhook.attributes import Attributes, body, header
from sources.webhook.scheme import Scheme, Tolerance, Verifier
from sources.webhook.schemes.standard_webhooks import HeaderNames, StandardWebhooks, sign, signing_key
from sources.webhook.secrets import KeyRing, Secrets
from sources.webhook.sending import Headers
from sources.webhook.standard_keys import StandardKey, derive

_MIN_KEY_BYTES = 16
NAMES = HeaderNames("svix-id", "svix-timestamp", "svix-signature")


class SvixScheme(Scheme):
    """Svix, and who sends through it (`svix-id`, `svix-timestamp`, `svix-signature`), such as Clerk and Resend.

    The secrets are those of Standard Webhooks; older ones are shorter.
    """

    scheme: Literal["svix"]
    secrets: Secrets
    tolerance_seconds: Tolerance = 300

    attributes: ClassVar = Attributes(
        id=header(NAMES.id), type=body("type", "event_type", "eventType"), time=body("timestamp")
    )

    def verifier(self) -> Verifier:
        """Any of the secrets."""
        return StandardWebhooks(self._keys(), self.tolerance_seconds, NAMES)

    def sign(self, sending: Sending) -> Headers:
        """As Svix sends. Raises ConnectorError (USAGE) if there is a public key only."""
        key = signing_key(self._keys(), sending)
        return super().sign(sending) if key is None else sign(sending, key, NAMES)

    def proofs(self) -> frozenset[str]:
        """The signatures."""
        return frozenset({NAMES.signature})

    def _keys(self) -> KeyRing[StandardKey]:
        return KeyRing(self.secrets, partial(derive, min_bytes=_MIN_KEY_BYTES))
