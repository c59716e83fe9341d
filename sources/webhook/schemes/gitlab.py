"""GitLab's two proofs: a secret token that is sent as it is, and a signing token by Standard Webhooks.

https://docs.gitlab.com/user/project/integrations/webhooks/
"""

import hmac
from typing import ClassVar, Literal, NamedTuple

from router.api import ConnectorError, Reason, Request, Sending
from sources.webhook.attributes import Attributes, body, header
from sources.webhook.encoding import single
from sources.webhook.scheme import Scheme, Tolerance, Verifier
from sources.webhook.schemes.standard_webhooks import NAMES, check, sign
from sources.webhook.secrets import KeyRing, Secrets, text_key
from sources.webhook.sending import Headers
from sources.webhook.standard_keys import SECRET_PREFIX, symmetric

TOKEN = "x-gitlab-token"  # noqa: S105  a name, no secret
EVENT = "x-gitlab-event"
_IDEMPOTENCY_KEY = "idempotency-key"
_MIN_TOKEN_CHARACTERS = 8
_token_bytes = text_key(_MIN_TOKEN_CHARACTERS)


class _Token(NamedTuple):
    """A secret token, which is no key."""

    value: bytes


class GitlabScheme(Scheme):
    """GitLab (`webhook-signature`, or `X-Gitlab-Token`).

    A secret that begins with `whsec_` is a signing token; any other one is a secret token, which every request shows.
    """

    scheme: Literal["gitlab"]
    secrets: Secrets
    tolerance_seconds: Tolerance = 300

    # `x-gitlab-event-uuid` would not do: events that a webhook has caused have the same as the one before.
    attributes: ClassVar = Attributes(
        id=header(NAMES.id, _IDEMPOTENCY_KEY),
        type=header(EVENT),
        action=body("object_attributes.action"),
        subject=body("project.path_with_namespace", "path_with_namespace"),
    )

    def verifier(self) -> Verifier:
        """Any of the secrets, each in its own way."""
        return GitlabVerifier(KeyRing(self.secrets, _derive), self.tolerance_seconds)

    def sign(self, sending: Sending) -> Headers:
        """As GitLab delivers."""
        key = KeyRing(self.secrets, _derive).first(sending.sent_at)
        headers = ((EVENT, sending.type), (_IDEMPOTENCY_KEY, sending.id))
        if isinstance(key, _Token):
            return (*headers, (TOKEN, key.value.decode("latin-1")))
        return (*headers, *sign(sending, key))

    def proofs(self) -> frozenset[str]:
        """The signature, and the token."""
        return frozenset({NAMES.signature, TOKEN})


class GitlabVerifier:
    """Verifies a signature if there is one and a signing token for it, else the secret token."""

    def __init__(self, keys: KeyRing[bytes | _Token], tolerance_seconds: int) -> None:
        self._keys = keys
        self._tolerance_seconds = tolerance_seconds

    def verify(self, request: Request) -> None:
        """Return if it matches. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        keys = self._keys.current(request.received_at)
        signing = [key for key in keys if isinstance(key, bytes)]
        tokens = [key for key in keys if isinstance(key, _Token)]
        if signing and (request.values(NAMES.signature) or not tokens):
            check(request, signing, self._tolerance_seconds)
            return
        given = single(request, TOKEN, Reason.SIGNATURE_MISSING).encode("latin-1", "backslashreplace")
        # All are compared, so that the time does not tell which one matched.
        if not sum([hmac.compare_digest(token.value, given) for token in tokens]):
            raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The token is none of the endpoint's.")


def _derive(secret: str) -> bytes | _Token:
    return symmetric(secret) if secret.startswith(SECRET_PREFIX) else _Token(_token_bytes(secret))
