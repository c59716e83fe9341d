"""Stripe's signatures: HMAC-SHA256 of a timestamp and the body.

https://docs.stripe.com/webhooks#verify-manually
"""

import hmac
from typing import ClassVar, Literal

from router.api import ConnectorError, Reason, Request, Sending
from sources.webhook.attributes import Attributes, body
from sources.webhook.encoding import MAX_SIGNATURES, check_window, decode_hex, single, timestamp
from sources.webhook.scheme import Scheme, Tolerance, Verifier
from sources.webhook.secrets import Keys, Secrets, text_key
from sources.webhook.sending import Headers

SIGNATURE = "stripe-signature"
_TIMESTAMP, _SCHEME = "t", "v1"
_MIN_SECRET_CHARACTERS = 4
_DIGEST_BYTES = 32


class StripeScheme(Scheme):
    """Stripe (`Stripe-Signature`)."""

    scheme: Literal["stripe"]
    secrets: Secrets
    tolerance_seconds: Tolerance = 300

    attributes: ClassVar = Attributes(
        id=body("id"), type=body("type"), subject=body("data.object.id", "related_object.id"), time=body("created")
    )

    def verifier(self) -> Verifier:
        """Any of the secrets, each as it is: what follows `whsec_` is no base64 here."""
        return StripeVerifier(self._keys(), self.tolerance_seconds)

    def sign(self, sending: Sending) -> Headers:
        """As Stripe sends; the id and the type stand in the body."""
        signed = f"{sending.sent_at}.".encode() + sending.body
        signature = hmac.digest(self._keys().first(sending.sent_at), signed, "sha256").hex()
        return ((SIGNATURE, f"{_TIMESTAMP}={sending.sent_at},{_SCHEME}={signature}"),)

    def proofs(self) -> frozenset[str]:
        """The signatures."""
        return frozenset({SIGNATURE})

    def _keys(self) -> Keys:
        return Keys(self.secrets, text_key(_MIN_SECRET_CHARACTERS))


class StripeVerifier:
    """Verifies `{timestamp}.{body}`; there are several signatures while Stripe rotates a secret."""

    def __init__(self, keys: Keys, tolerance_seconds: int) -> None:
        self._keys = keys
        self._tolerance_seconds = tolerance_seconds

    def verify(self, request: Request) -> None:
        """Return if a signature matches. Raises ConnectorError (AUTH_FAILED, INPUT_INVALID), whatever the bytes."""
        pairs = _pairs(single(request, SIGNATURE, Reason.SIGNATURE_MISSING))
        signatures = _signatures(pairs)
        sent_at = _sent_at(pairs)
        check_window(timestamp(sent_at), request.received_at, self._tolerance_seconds)
        signed = f"{sent_at}.".encode() + request.body
        for key in self._keys.current(request.received_at):
            expected = hmac.digest(key, signed, "sha256")
            # All are compared, so that the time does not tell which one matched.
            if sum([hmac.compare_digest(expected, signature) for signature in signatures]):
                return
        raise ConnectorError(Reason.SIGNATURE_MISMATCH, "No signature matches.")


def _pairs(text: str) -> list[tuple[str, str]]:
    """The parts `name=value`."""
    parts = text.split(",")
    # One is the timestamp, and there may be signatures of the outdated scheme beside ours.
    if len(parts) > 2 * MAX_SIGNATURES + 1:
        raise ConnectorError(Reason.TOO_MANY_SIGNATURES, f"More than {MAX_SIGNATURES} signatures.")
    if not all("=" in part for part in parts):
        raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The signature header cannot be read.")
    return [(name, value) for name, _, value in [part.partition("=") for part in parts]]


def _signatures(pairs: list[tuple[str, str]]) -> list[bytes]:
    ours = [value for name, value in pairs if name == _SCHEME]
    if not ours:
        if all(name == _TIMESTAMP for name, _ in pairs):
            raise ConnectorError(Reason.SIGNATURE_MALFORMED, "The signature header has no signature.")
        raise ConnectorError(Reason.SCHEME_NOT_ALLOWED, "No signature of scheme v1.")
    if len(ours) > MAX_SIGNATURES:
        raise ConnectorError(Reason.TOO_MANY_SIGNATURES, f"More than {MAX_SIGNATURES} signatures.")
    decoded = [decode_hex(value, _DIGEST_BYTES) for value in ours]
    signatures = [signature for signature in decoded if signature is not None]
    if not signatures:
        message = f"No v1 signature is the lower-case hexadecimal of {_DIGEST_BYTES} bytes."
        raise ConnectorError(Reason.SIGNATURE_MALFORMED, message)
    return signatures


def _sent_at(pairs: list[tuple[str, str]]) -> str:
    found = [value for name, value in pairs if name == _TIMESTAMP]
    if not found:
        raise ConnectorError(Reason.TIMESTAMP_MISSING, "The signature header has no timestamp.")
    if len(found) > 1:
        raise ConnectorError(Reason.TIMESTAMP_MALFORMED, "The signature header has more than one timestamp.")
    return found[0]
