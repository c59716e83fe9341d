"""Mailgun's signatures: HMAC-SHA256 of a timestamp and a token, which stand in the body beside the event.

A webhook's body is JSON; a message that a route forwards is a form.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
The event itself is not signed. So a token counts once: whatever comes with it again is the same event.
"""

import hmac
from typing import Any, ClassVar, Literal

from router.api import ConnectorError, Reason, Request
from sources.webhook.attributes import Attributes, body, expression, form
from sources.webhook.encoding import check_window, decode_hex, timestamp
from sources.webhook.expression import exact, plain_text
from sources.webhook.form import form_of, texts
from sources.webhook.scheme import Scheme, Tolerance, Verifier
from sources.webhook.secrets import Keys, Secrets, text_key

_MIN_SECRET_CHARACTERS = 4
_DIGEST_BYTES = 32
_MAX_TOKEN_CHARACTERS = 255


class MailgunScheme(Scheme):
    """Mailgun (`signature` in the body)."""

    scheme: Literal["mailgun"]
    secrets: Secrets
    tolerance_seconds: Tolerance = 300

    attributes: ClassVar = Attributes(
        id=body("event-data.id"),
        type=body("event-data.event"),
        subject=body("event-data.recipient") + form("recipient"),
        # A float, of whose fraction the time of an event has no use.
        time=expression('body."event-data".timestamp && to_string(floor(body."event-data".timestamp))'),
        # In the order in which the proof is looked for, so that no other token can be put beside the signed one.
        idempotency_key=form("token") + body("signature.token"),
    )

    def verifier(self) -> Verifier:
        """Any of the secrets: the HTTP webhook signing key."""
        return MailgunVerifier(Keys(self.secrets, text_key(_MIN_SECRET_CHARACTERS)), self.tolerance_seconds)

    def proofs(self) -> frozenset[str]:
        """None: the signature stands in the body."""
        return frozenset()


class MailgunVerifier:
    """Verifies `{timestamp}{token}`."""

    def __init__(self, keys: Keys, tolerance_seconds: int) -> None:
        self._keys = keys
        self._tolerance_seconds = tolerance_seconds

    def verify(self, request: Request) -> None:
        """Return if the signature matches. Raises ConnectorError (AUTH_FAILED), whatever the bytes."""
        part = _proof(request)
        signature = decode_hex(_text(part, "signature", Reason.SIGNATURE_MISSING), _DIGEST_BYTES)
        token = _text(part, "token", Reason.SIGNATURE_MISSING)
        sent_at = _text(part, "timestamp", Reason.TIMESTAMP_MISSING)
        if signature is None or not (token.isascii() and token.isalnum() and len(token) <= _MAX_TOKEN_CHARACTERS):
            raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The signature or its token cannot be read.")
        check_window(timestamp(sent_at), request.received_at, self._tolerance_seconds)
        signed = f"{sent_at}{token}".encode()
        for key in self._keys.current(request.received_at):
            if hmac.compare_digest(hmac.digest(key, signed, "sha256"), signature):
                return
        raise ConnectorError(Reason.SIGNATURE_MISMATCH, "The signature does not match.")


def _proof(request: Request) -> dict[str, Any]:
    """What stands in the body's `signature`, or in the form's fields, of which none may occur twice."""
    if fields := texts(form_of(request)):
        return {name: values[0] for name, values in fields.items() if len(values) == 1}
    document = exact(request.body)
    part = document.get("signature") if isinstance(document, dict) else None
    if not isinstance(part, dict):
        raise ConnectorError(Reason.SIGNATURE_MISSING, "The body has no `signature`.")
    return part


def _text(part: dict[str, Any], name: str, missing: Reason) -> str:
    """The value as it is written."""
    text = plain_text(part.get(name))
    if text is None:
        raise ConnectorError(missing, f"The body's `signature` has no {name}.")
    return text
