"""The signatures of Meta's platforms: HMAC-SHA256 of the body, with the app's secret.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started
There is no timestamp that is signed, and no id: a repeated delivery is recognized by its body.
"""

import hmac
import re
from typing import ClassVar, Literal

from pydantic import Field

from router.api import Reply, Request, Secret, Sending
from sources.webhook.attributes import Attributes, body
from sources.webhook.form import fields
from sources.webhook.scheme import Handshake, Handshakes, Scheme, Verifier
from sources.webhook.schemes.generic_hmac import GenericHmac
from sources.webhook.secrets import Keys, Secrets, text_key
from sources.webhook.sending import Headers

SIGNATURE = "x-hub-signature-256"
_SHA1_SIGNATURE = "x-hub-signature"
_MIN_SECRET_CHARACTERS = 4
_MIN_TOKEN_CHARACTERS = 8
_CHALLENGE = re.compile(rb"[A-Za-z0-9._~-]{1,255}")


class MetaScheme(Scheme):
    """Meta: Facebook, Instagram and WhatsApp (`X-Hub-Signature-256`)."""

    scheme: Literal["meta"]
    secrets: Secrets
    verify_token: Secret = Field(description="What Meta sends when the webhook is being set up.")

    attributes: ClassVar = Attributes(
        type=body("object"),
        action=body("entry.0.changes.0.field"),
        subject=body("entry.0.id"),
        time=body("entry.0.time"),
    )

    def verifier(self) -> Verifier:
        """An instance of the generic one."""
        return self._hmac()

    def handshakes(self) -> Handshakes:
        """The verification of the URL, whose proof is the verify token."""
        return Handshakes(unsigned=_handshake(Keys((self.verify_token,), text_key(_MIN_TOKEN_CHARACTERS))))

    def sign(self, sending: Sending) -> Headers:
        """As Meta sends; the id and the type stand in the body."""
        return self._hmac().sign(sending)

    def proofs(self) -> frozenset[str]:
        """Both signatures."""
        return frozenset({SIGNATURE, _SHA1_SIGNATURE})

    def _hmac(self) -> GenericHmac:
        keys = Keys(self.secrets, text_key(_MIN_SECRET_CHARACTERS))
        return GenericHmac(keys, header=SIGNATURE, algorithm="sha256", encoding="hex", prefix="sha256=")


def _handshake(tokens: Keys) -> Handshake:
    def answer(request: Request) -> Reply | None:
        """The challenge, to who knows the token; to everybody else the endpoint does not exist."""
        if request.method != "GET":
            return None
        found = fields(request.query.encode("latin-1", "backslashreplace"))
        sent = {name: value for name, value in found if name.startswith(b"hub.")}
        challenge = sent.get(b"hub.challenge", b"")
        known = [
            hmac.compare_digest(token, sent.get(b"hub.verify_token", b""))
            for token in tokens.current(request.received_at)
        ]
        if sent.get(b"hub.mode") != b"subscribe" or not any(known) or not _CHALLENGE.fullmatch(challenge):
            return None
        return Reply(body=challenge, headers=(("content-type", "text/plain; charset=utf-8"),))

    return answer
