"""A name and a password: https://datatracker.ietf.org/doc/html/rfc7617, in UTF-8.

They prove nothing about the body, and whoever reads them once can use them: prefer a signature where there is one.
"""

import base64
import binascii
import hmac
from typing import Literal

from pydantic import Field

from router.api import ConnectorError, Reason, Request, Sending
from sources.webhook.encoding import single
from sources.webhook.scheme import Scheme, Verifier
from sources.webhook.secrets import Derive, Keys, Secrets, text_key
from sources.webhook.sending import Headers

AUTHORIZATION = "authorization"
_SCHEME = "basic"
_MIN_SECRET_CHARACTERS = 8


class BasicScheme(Scheme):
    """HTTP's Basic authentication (`Authorization: Basic …`)."""

    scheme: Literal["basic"]
    username: str = Field(min_length=1, max_length=255, pattern=r"^[^:\x00-\x1f\x7f]+$", description="The name.")
    secrets: Secrets

    def verifier(self) -> Verifier:
        """Any of the passwords."""
        return BasicVerifier(self._keys())

    def sign(self, sending: Sending) -> Headers:
        """With the first password."""
        return ((AUTHORIZATION, f"Basic {self._keys().first(sending.sent_at).decode()}"),)

    def proofs(self) -> frozenset[str]:
        """The header."""
        return frozenset({AUTHORIZATION})

    def _keys(self) -> Keys:
        return Keys(self.secrets, _derive(self.username))


class BasicVerifier:
    """Compares what was sent with the base64 of the name and each of the passwords, of which there is only one."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def verify(self, request: Request) -> None:
        """Return if the name and a password were sent. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID)."""
        scheme, _, text = single(request, AUTHORIZATION, Reason.SIGNATURE_MISSING).partition(" ")
        if scheme.lower() != _SCHEME:
            raise ConnectorError(Reason.SCHEME_NOT_ALLOWED, "The authorization is not of the scheme Basic.")
        sent = text.encode("latin-1", "backslashreplace")
        for key in self._keys.current(request.received_at):
            if hmac.compare_digest(key, sent):
                return
        if not _is_base64(text):
            raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The credentials are not the canonical base64 of a text.")
        raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The name or the password is not the right one.")


def _derive(username: str) -> Derive:
    checked = text_key(_MIN_SECRET_CHARACTERS)

    def derive(secret: str) -> bytes:
        return base64.b64encode(username.encode() + b":" + checked(secret))

    return derive


def _is_base64(text: str) -> bool:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return base64.b64encode(decoded).decode() == text
